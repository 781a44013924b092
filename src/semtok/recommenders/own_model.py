"""The beam search for a model from outside of the workflow: a function from the codes so far to the next one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor

from semtok.errors import DataError
from semtok.recommenders.batching import SourceBatch
from semtok.recommenders.beam_search import beam_search as search
from semtok.recommenders.code_model import CodeModel
from semtok.recommenders.trie import Positions, Trie
from semtok.recommenders.vocabulary import BOS, ItemTokens, Vocabulary

NextCode = Callable[[npt.NDArray[np.int64]], npt.NDArray[np.floating[Any]]]


def beam_search(
    codes: npt.NDArray[np.integer[Any]],
    next_code: NextCode,
    n_users: int = 1,
    beam_size: int = 20,
    constraint: Literal["trie", "position"] = "trie",
) -> list[pd.DataFrame]:
    """Rank items by a model of one's own that writes an item's codes one by one, with the workflow's search.

    Args:
        codes: [n_items, n_levels]; items of one tuple have one score, and come in order of their number.
        next_code: from the codes so far [n_users, W, level], W branches a user (at level 0 one without codes), to
            logits [n_users, W, K] of the next code, K one more than the level's largest code.
        beam_size: tuples that are kept of each level.
        constraint: `trie`, prefixes of items alone; or `position`, any code, of which what is no item's is lost.

    Returns:
        A frame a user, best first: `item` (its row of `codes`) and `log_probability` (nats, of its tuple).

    Raises:
        DataError: codes of another form, or logits of another shape.
    """
    item_tokens = ItemTokens.from_codes(codes, "expand")
    trie = Trie(item_tokens, torch.device("cpu"))
    allowed = trie if constraint == "trie" else Positions(item_tokens, trie, torch.device("cpu"))
    model = cast(CodeModel, _OwnModel(next_code, item_tokens.vocabulary))  # of which the search calls these two alone
    users = SourceBatch(torch.zeros((n_users, 0), dtype=torch.long), None)
    leaves, scores = search(model, allowed, trie, users, beam_size, renormalize=False)
    return [_items(trie, *of_user) for of_user in zip(leaves, scores, strict=True)]


def _items(trie: Trie, leaves: Tensor, scores: Tensor) -> pd.DataFrame:
    found = [
        (int(item), float(score))
        for leaf, score in zip(leaves, scores, strict=True)
        if leaf >= 0
        for item in trie.items[trie.item_starts[leaf] : trie.item_starts[leaf + 1]]
    ]
    return pd.DataFrame(found, columns=["item", "log_probability"])


@dataclass
class _Written:
    """The tokens so far of each row: [U * W, level]."""

    tokens: Tensor

    def select(self, rows: Tensor) -> "_Written":
        return _Written(self.tokens[rows])


@dataclass
class _OwnModel:
    next_code: NextCode
    vocabulary: Vocabulary

    def begin(self, source: Tensor, mask: Tensor | None) -> tuple[Tensor, _Written]:
        self.n_users = len(source)
        return torch.full((self.n_users,), BOS), _Written(torch.zeros((self.n_users, 0), dtype=torch.long))

    def step(self, tokens: Tensor, state: _Written) -> tuple[Tensor, _Written]:
        is_first = bool((tokens == BOS).all())
        written = state if is_first else _Written(torch.cat([state.tokens, tokens.unsqueeze(1)], dim=1))
        level, offsets = written.tokens.shape[1], self.vocabulary.offsets
        size, width = self.vocabulary.level_sizes[level], len(tokens) // self.n_users
        codes = (written.tokens.numpy() - offsets[:level]).reshape(self.n_users, width, level)
        logits = np.asarray(self.next_code(codes))
        if logits.shape != (self.n_users, width, size):
            raise DataError(f"level {level}: found logits {list(logits.shape)}; expected {[self.n_users, width, size]}")
        over_all = torch.full((len(tokens), self.vocabulary.size), -torch.inf)  # (U * W, V)
        place = int(offsets[level])
        over_all[:, place : place + size] = torch.from_numpy(logits.reshape(len(tokens), size)).float()
        return over_all, written
