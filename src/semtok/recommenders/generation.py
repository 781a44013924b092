"""Tuples that were found to the items that have them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from torch import Tensor

from semtok.recommenders.sequences import Integers
from semtok.recommenders.trie import Trie


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


def expand(leaves: Tensor, trie: Trie, users: Integers, seed: int) -> npt.NDArray[np.int64]:
    """The items of each user's leaves [U, W], in their order; -1 fills up. Leaves of -1 have none.

    Items of one leaf come in an order that is random for each user: nothing tells them apart.
    """
    starts, items = trie.item_starts.cpu().numpy(), trie.items.cpu().numpy()
    leaf = leaves.cpu().numpy()  # (U, W)
    counts = np.where(leaf >= 0, starts[leaf + 1] - starts[leaf], 0).ravel()  # (U * W,) items of each leaf
    place = np.repeat(np.arange(leaf.size), counts)  # (N,) the leaf, in 0 ... U * W - 1, of each item found
    within = np.arange(len(place)) - np.repeat(np.cumsum(counts) - counts, counts)  # (N,) its number in the leaf
    item = items[starts[leaf.ravel()[place]] + within]  # (N,)
    row = place // leaf.shape[1]  # (N,) its user's row
    order = np.lexsort((shuffled(users[row], item, seed), place))  # (N,) leaf by leaf
    item = item[order]
    totals = counts.reshape(leaf.shape).sum(axis=1)  # (U,) items of each user
    column = np.arange(len(item)) - np.repeat(np.cumsum(totals) - totals, totals)  # (N,) its place in the user's list
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
