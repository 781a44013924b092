"""Samples to tensors without wasted padding."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from semtok.errors import DataError
from semtok.recommenders.grouping import capacity_of, groups_by_length
from semtok.recommenders.sequences import Integers, Samples, Sequences
from semtok.recommenders.vocabulary import BOS, EOS, PAD, ItemTokens


@dataclass(frozen=True)
class SourceBatch:
    """Source tokens of some histories."""

    source: Tensor
    """[B, S] token ids: that of the user, if there is one, and those of the items."""
    mask: Tensor | None
    """[B, S], True where there is a token; None where all histories are equally long."""


class Batches:
    """Turns samples of one data set into tensors on one device."""

    def __init__(self, sequences: Sequences, item_tokens: ItemTokens, max_items: int, device: torch.device) -> None:
        if sequences.items.min() < 0 or sequences.items.max() >= len(item_tokens.tokens):
            raise DataError(
                f"interactions: items from {sequences.items.min()} to {sequences.items.max()}, "
                f"but codes of {len(item_tokens.tokens)} items; expected the codes of this dataset"
            )
        self.sequences, self.max_items, self.device = sequences, max_items, device
        self.tokens = torch.from_numpy(item_tokens.tokens).to(device)
        self.vocabulary, self.n_levels = item_tokens.vocabulary, item_tokens.tokens.shape[1]
        self.n_before = int(self.vocabulary.n_user_tokens > 0)  # tokens of a source before its first item
        self.capacity = capacity_of(device)

    def by_length(self, samples: Samples, decoder_tokens: int) -> Iterator[Integers]:
        """Rows of `samples` in groups that go through the model together, with `decoder_tokens` at once for each."""
        lengths = self.sequences.lengths(samples, self.max_items) * self.n_levels
        return groups_by_length(lengths, decoder_tokens, self.capacity)

    def source(self, samples: Samples) -> SourceBatch:
        """The histories of `samples` as tokens: [B, (1 +) items * levels], oldest item first, padded at the end."""
        histories = self.sequences.histories(samples, self.max_items)  # of (B, T)
        source = self.tokens[self._tensor(histories.items)]  # (B, T, levels)
        mask = None
        if not histories.real.all():
            real = self._tensor(histories.real)  # (B, T)
            source = source.masked_fill(~real.unsqueeze(-1), PAD)  # (B, T, levels)
            mask = real.repeat_interleave(self.n_levels, dim=1)  # (B, T * levels)
        source = source.flatten(1)  # (B, T * levels)
        if self.n_before:
            user = self._tensor(self.vocabulary.user_tokens(samples.user)).unsqueeze(1)  # (B, 1)
            source = torch.cat([user, source], dim=1)
            mask = None if mask is None else F.pad(mask, (1, 0), value=True)
        return SourceBatch(source, mask)

    def target(self, items: Integers) -> Tensor:
        """What the decoder is to say [..., 1 + levels + 1] for items [...]: BOS, the item's tokens, EOS."""
        return F.pad(F.pad(self.tokens[self._tensor(items)], (1, 0), value=BOS), (0, 1), value=EOS)

    def _tensor(self, array: npt.NDArray[Any]) -> Tensor:
        return torch.from_numpy(array).to(self.device)
