"""Samples to tensors without wasted padding."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from semtok.errors import DataError
from semtok.recommenders.grouping import capacity_of, groups_by_length
from semtok.recommenders.sequences import Integers, Samples, Sequences
from semtok.recommenders.vocabulary import BOS, EOS, PAD, ItemTokens


@dataclass(frozen=True)
class Batch:
    """Source tokens of some histories."""

    source: Tensor
    """[B, S] token ids."""
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
        self.n_levels = item_tokens.tokens.shape[1]
        self.capacity = capacity_of(device)

    def by_length(self, samples: Samples, decoder_tokens: int) -> Iterator[Integers]:
        """Rows of `samples` in groups that go through the model together, with `decoder_tokens` at once for each."""
        lengths = self.sequences.lengths(samples, self.max_items) * self.n_levels
        return groups_by_length(lengths, decoder_tokens, self.capacity)

    def source(self, samples: Samples) -> Batch:
        """The histories of `samples` as tokens: [B, items * levels], oldest item first, padded at the end."""
        histories = self.sequences.histories(samples, self.max_items)  # of (B, T)
        source = self.tokens[torch.from_numpy(histories.items).to(self.device)]  # (B, T, levels)
        if histories.real.all():
            return Batch(source.flatten(1), None)  # (B, T * levels)
        mask = torch.from_numpy(histories.real).to(self.device)  # (B, T)
        source = source.masked_fill(~mask.unsqueeze(-1), PAD)  # (B, T, levels)
        return Batch(source.flatten(1), mask.repeat_interleave(self.n_levels, dim=1))  # both (B, T * levels)

    def target(self, samples: Samples) -> Tensor:
        """What the decoder is to say [B, 1 + levels + 1]: BOS, the item's tokens, EOS."""
        tokens = self.tokens[torch.from_numpy(samples.item).to(self.device)]  # (B, levels)
        return torch.cat(
            [tokens.new_full((len(tokens), 1), BOS), tokens, tokens.new_full((len(tokens), 1), EOS)], dim=1
        )
