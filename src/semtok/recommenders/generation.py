"""Histories to ranked items."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from semtok.errors import SemtokError
from semtok.recommenders.batching import Batches
from semtok.recommenders.beam_search import beam_search
from semtok.recommenders.sequences import Integers, Samples
from semtok.recommenders.t5 import T5
from semtok.recommenders.trie import Constraint, Trie
from semtok.run import devices


@dataclass(frozen=True)
class Generated:
    """The ranked items of some samples."""

    top: npt.NDArray[np.int32]
    """[n, beam_size] item ids, best first; -1 fills lists that are shorter."""
    invalid_rate: float
    """Share of generated tuples that no item has."""

    def ranks(self, items: Integers) -> Integers:
        """The place of each sample's item in its list, from 1; 0 where it is not in it."""
        hit = self.top == items[:, None]
        return np.where(hit.any(axis=1), hit.argmax(axis=1) + 1, 0)


@torch.inference_mode()
def generate(
    model: T5,
    batches: Batches,
    samples: Samples,
    constraint: Constraint,
    trie: Trie,
    beam_size: int,
    batch_size: int,
    seed: int,
    renormalize: bool = False,
) -> Generated:
    """Rank items for each sample from its history alone: `samples.item` is never read.

    `seed` orders the items that share a tuple, where the tuples have no suffix.
    """
    was_training = model.training
    model.eval()
    dtype = devices.compute_dtype(batches.device)
    top = np.full((len(samples), beam_size), -1, dtype=np.int32)
    n_tuples = n_invalid = 0
    for rows in pieces(batches.by_length(samples, decoder_tokens=beam_size), batch_size):
        batch = batches.source(samples.take(rows))
        with devices.autocast(batches.device, dtype):
            encoded = model.encode(batch.source, batch.mask)
            leaves, scores = beam_search(model, constraint, trie, encoded, batch.mask, beam_size, renormalize)
        if scores.isnan().any():
            raise SemtokError(
                "the model gives probabilities that are not numbers; was its training stopped by an error?"
            )
        found = scores > -torch.inf
        n_tuples, n_invalid = n_tuples + int(found.sum()), n_invalid + int((found & (leaves < 0)).sum())
        expanded = expand(leaves, trie, samples.user[rows], seed)[:, :beam_size]
        top[rows, : expanded.shape[1]] = expanded
    model.train(was_training)
    return Generated(top, n_invalid / max(n_tuples, 1))


def pieces(groups: Iterator[Integers], most: int) -> Iterator[Integers]:
    """Cut each group into pieces of at most `most` rows."""
    for group in groups:
        for first in range(0, len(group), most):
            yield group[first : first + most]


def expand(leaves: Tensor, trie: Trie, users: Integers, seed: int) -> npt.NDArray[np.int64]:
    """The items of each user's leaves [U, W], in their order; -1 fills up. Leaves of -1 have none.

    Items of one leaf come in an order that is random for each user: nothing tells them apart (methods.md 1.5).
    """
    starts, items = trie.item_starts.cpu().numpy(), trie.items.cpu().numpy()
    leaf = leaves.cpu().numpy()
    counts = np.where(leaf >= 0, starts[leaf + 1] - starts[leaf], 0).ravel()
    place = np.repeat(np.arange(leaf.size), counts)
    within = np.arange(len(place)) - np.repeat(np.cumsum(counts) - counts, counts)
    item = items[starts[leaf.ravel()[place]] + within]
    row = place // leaf.shape[1]
    order = np.lexsort((shuffled(users[row], item, seed), place))
    item = item[order]
    totals = counts.reshape(leaf.shape).sum(axis=1)
    column = np.arange(len(item)) - np.repeat(np.cumsum(totals) - totals, totals)
    top = np.full((len(leaf), max(int(totals.max(initial=0)), leaf.shape[1])), -1, dtype=np.int64)
    top[row, column] = item
    return top


def shuffled(user: Integers, item: Integers, seed: int) -> npt.NDArray[np.uint64]:
    """A pseudo-random number of each (seed, user, item), whatever else is in the batch (the mix of SplitMix64)."""
    value = user.astype(np.uint64) << np.uint64(32) | item.astype(np.uint64)
    step = np.uint64(0x9E3779B97F4A7C15 * (2 * seed + 1) % 2**64)
    for _ in range(2):
        value = value + step
        value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        value = value ^ (value >> np.uint64(31))
    return value
