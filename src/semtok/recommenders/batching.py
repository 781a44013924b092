"""Samples to tensors without wasted padding."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from semtok.recommenders.sequences import Integers, Samples, Sequences
from semtok.recommenders.vocabulary import BOS, EOS, PAD, Catalogue

TOKENS_AT_ONCE = {"cpu": 2560, "cuda": 131072}
"""Source tokens that go through the model together: what fits a processor's cache, or keeps a GPU busy."""


@dataclass(frozen=True)
class Batch:
    """Source tokens of some histories."""

    source: Tensor
    """[B, S] token ids."""
    mask: Tensor | None
    """[B, S], True where there is a token; None where all histories are equally long."""


def epoch_order(n_samples: int, samples_per_epoch: int | None, seed: int, epoch: int) -> Integers:
    """The samples of an epoch in order: a permutation by seed and epoch alone, cut to `samples_per_epoch`."""
    return np.random.default_rng([seed, epoch]).permutation(n_samples)[:samples_per_epoch]


def groups_by_length(lengths: Integers, most: int) -> Iterator[Integers]:
    """Split rows into groups of similar length, shortest first: the padded size of each is at most `most` (or one row).

    Ties keep their order, so that the groups are a function of `lengths`.
    """
    order = np.argsort(lengths, kind="stable")
    first = 0
    for last in range(len(order)):
        if last > first and (last - first + 1) * lengths[order[last]] > most:
            yield order[first:last]
            first = last
    if first < len(order):
        yield order[first:]


class Batches:
    """Turns samples of one data set into tensors on one device."""

    def __init__(self, sequences: Sequences, catalogue: Catalogue, max_items: int, device: torch.device) -> None:
        self.sequences, self.max_items, self.device = sequences, max_items, device
        self.tokens = torch.from_numpy(catalogue.tokens).to(device)
        self.n_levels = catalogue.tokens.shape[1]
        self.tokens_at_once = TOKENS_AT_ONCE.get(device.type, TOKENS_AT_ONCE["cpu"])

    def by_length(self, samples: Samples, most: int | None = None) -> Iterator[Integers]:
        """Rows of `samples` in groups that fit through the model together, at most `most` rows each."""
        lengths = self.sequences.lengths(samples, self.max_items) * self.n_levels
        for group in groups_by_length(lengths, self.tokens_at_once):
            for first in range(0, len(group), most or len(group)):
                yield group[first : first + (most or len(group))]

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
