"""The states of a frozen language model: STORE without its dense tokenizer (section 4.3)."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor

from semtok.config.data import Attributes
from semtok.config.language_encoders import LanguageStatesEncoder
from semtok.encoders.attributes import AttributeTokens, padded
from semtok.encoders.language_models import LanguageModel
from semtok.encoders.similarity import mean_pairwise_cosine
from semtok.errors import ConfigError
from semtok.run import devices
from semtok.run.progress import progress


@torch.no_grad()
def encode(
    options: LanguageStatesEncoder, model: LanguageModel, items: pd.DataFrame, attributes: Attributes
) -> tuple[npt.NDArray[np.float32], dict[str, Any]]:
    """The state of each item after its content: float32 [n_items, width of a state], NaN where there is none to read.

    The states are those before a projection to the width of an input, as for the dense tokens (S-I5).
    """
    where = devices.device()
    tokens = AttributeTokens(items, attributes, model.vocabulary, options.max_tokens)
    lengths = np.array([len(tokens.content(item)) for item in range(len(items))])
    if 1 + lengths.max() > model.max_positions:
        raise ConfigError(
            f"max_tokens: {options.max_tokens} of an attribute make sequences of {1 + lengths.max()} tokens; expected "
            f"at most the {model.max_positions} positions of the language model {options.language_model}"
        )
    decoder = model.network.model.decoder.to(where).eval()
    decoder.project_out = None
    readable = np.flatnonzero(lengths)
    readable = readable[np.argsort(lengths[readable], kind="stable")]
    filler = int(model.network.config.pad_token_id)
    vectors = np.full((len(items), model.network.config.hidden_size), np.nan, dtype=np.float32)
    for first in progress("batches of texts", range(0, len(readable), options.batch_size)):
        batch = readable[first : first + options.batch_size]
        read = padded([[model.start, *tokens.content(item)] for item in batch], filler, where)
        n_tokens = torch.from_numpy(1 + lengths[batch]).to(where)
        mask = torch.arange(read.shape[1], device=where) < n_tokens[:, None]
        with devices.autocast(where, devices.compute_dtype(where)):
            states = decoder(input_ids=read, attention_mask=mask.long()).last_hidden_state
        vectors[batch] = _pooled(states.float(), mask, options.state).cpu().numpy()
    facts = {
        "method": options.method,
        "items": len(items),
        "items_without_content": len(items) - len(readable),
        "dimensions": int(vectors.shape[1]),
        "mean_pairwise_cosine": mean_pairwise_cosine(vectors),  # before they are standardized
        **devices.hardware(),
    }
    return standardized(vectors) if options.standardize else vectors, facts


def standardized(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Vectors [n, dim] of mean zero whose squared norm is 1 in the mean; rows of NaN stay."""
    centred = vectors - np.nanmean(vectors, axis=0, dtype=np.float64)
    scale = np.sqrt(np.nanmean(np.square(centred).sum(axis=1)))
    return np.asarray(centred / (scale or 1.0), dtype=np.float32)


def _pooled(states: Tensor, mask: Tensor, state: str) -> Tensor:
    """[n, length, width] and where there are tokens [n, length] to [n, width]."""
    n_tokens = mask.sum(dim=1)
    if state == "last":
        return states[torch.arange(len(states), device=states.device), n_tokens - 1]
    return (states * mask.unsqueeze(-1)).sum(dim=1) / n_tokens.unsqueeze(-1)
