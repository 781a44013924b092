"""Random codes: CoST's baseline "Random". Distinct, since the paper calls its tuples unique (C-I9)."""

import numpy as np
import pyarrow.parquet as pq

from semtok.config.tokenizers import RandomTokenizer
from semtok.errors import ConfigError
from semtok.tokenizers.base import Codes, TokenizerTask, Tokens


def tokenize(task: TokenizerTask) -> Tokens:
    """Give every item its own random tuple."""
    options: RandomTokenizer = task.options
    return Tokens(draw(pq.read_metadata(task.items).num_rows, options.n_levels, options.codebook_size, task.seed))


def draw(n_items: int, n_levels: int, codebook_size: int, seed: int) -> Codes:
    """Distinct tuples, int32 [n_items, n_levels], all sets of them equally likely.

    n_items integers are drawn without replacement from [0, K^L) and written in base K, the first level highest.
    """
    n_tuples = codebook_size**n_levels
    if not n_items <= n_tuples < 2**63:
        raise ConfigError(
            f"codebook_size {codebook_size} and n_levels {n_levels} give {n_tuples} tuples; "
            f"expected at least one for each of {n_items} items, and below 2^63"
        )
    numbers = np.random.default_rng(seed).choice(n_tuples, n_items, replace=False)
    codes = np.empty((n_items, n_levels), dtype=np.int32)
    for level in reversed(range(n_levels)):
        numbers, codes[:, level] = np.divmod(numbers, codebook_size)
    return codes
