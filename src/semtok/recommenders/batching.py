"""Samples to tensors without wasted padding."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from semtok.errors import DataError
from semtok.recommenders.grouping import CAPACITIES, groups_by_length
from semtok.recommenders.sequences import Integers, Samples, Sequences
from semtok.recommenders.vocabulary import BOS, EOS, PAD, Catalogue


@dataclass(frozen=True)
class Batch:
    """Source tokens of some histories."""

    source: Tensor
    """[B, S] token ids."""
    mask: Tensor | None
    """[B, S], True where there is a token; None where all histories are equally long."""


class Batches:
    """Turns samples of one data set into tensors on one device."""

    def __init__(self, sequences: Sequences, catalogue: Catalogue, max_items: int, device: torch.device) -> None:
        if sequences.items.min() < 0 or sequences.items.max() >= len(catalogue.tokens):
            raise DataError(
                f"interactions: items from {sequences.items.min()} to {sequences.items.max()}, "
                f"but codes of {len(catalogue.tokens)} items; expected the codes of this dataset"
            )
        self.sequences, self.max_items, self.device = sequences, max_items, device
        self.tokens = torch.from_numpy(catalogue.tokens).to(device)
        self.n_levels = catalogue.tokens.shape[1]
        self.capacity = CAPACITIES.get(device.type, CAPACITIES["cpu"])

    def by_length(self, samples: Samples, decoder_tokens: int) -> Iterator[Integers]:
        """Rows of `samples` in groups that go through the model together, with `decoder_tokens` at once for each."""
        lengths = self.sequences.lengths(samples, self.max_items) * self.n_levels
        return groups_by_length(lengths, decoder_tokens, self.capacity)

    def source(self, samples: Samples) -> Batch:
        """The histories of `samples` as tokens: [B, items * levels], oldest item first, padded at the end."""
        items, real = self.sequences.histories(samples, self.max_items)
        source = self.tokens[torch.from_numpy(items).to(self.device)]
        if real.all():
            return Batch(source.flatten(1), None)
        mask = torch.from_numpy(real).to(self.device)
        source = source.masked_fill(~mask.unsqueeze(-1), PAD)
        return Batch(source.flatten(1), mask.repeat_interleave(self.n_levels, dim=1))

    def target(self, samples: Samples) -> Tensor:
        """What the decoder is to say [B, 1 + levels + 1]: BOS, the item's tokens, EOS."""
        tokens = self.tokens[torch.from_numpy(samples.item).to(self.device)]
        return torch.cat(
            [tokens.new_full((len(tokens), 1), BOS), tokens, tokens.new_full((len(tokens), 1), EOS)], dim=1
        )
