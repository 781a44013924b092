"""Scores over the whole catalogue to ranks: by score, ties by item id (methods.md 7.1)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from semtok.recommenders.sequences import Integers


@dataclass(frozen=True)
class Ranked:
    """Where some targets stand among all items."""

    rank: Integers
    """[n] from 1, among all items; of items with equal scores the lower id comes first."""
    pessimistic: Integers
    """[n] the rank if every item of an equal score came first."""
    top: Integers
    """[n, top] the best items, best first."""


def rank_items(scores: Tensor, items: Tensor, top: int) -> Ranked:
    """Rank the whole catalogue for each row of `scores` [n, n_items], of which `items` [n] are the targets.

    `top` best items are listed, or all where there are fewer.
    """
    own = scores.gather(1, items.unsqueeze(1))
    better, equal = scores > own, scores == own
    ids = torch.arange(scores.shape[1], device=scores.device)
    earlier = equal & (ids < items.unsqueeze(1))
    rank = 1 + better.sum(1) + earlier.sum(1)
    pessimistic = better.sum(1) + equal.sum(1)
    best = best_items(scores, min(top, scores.shape[1]))
    return Ranked(rank.cpu().numpy(), pessimistic.cpu().numpy(), best.cpu().numpy())


def best_items(scores: Tensor, count: int) -> Tensor:
    """The `count` best items of each row [n, n_items], best first, of equal ones the lower id: [n, count]."""
    values, ids = scores.topk(count, dim=1)
    # topk takes any of the items that tie for the last places, and orders equal ones as it likes.
    cut = (scores >= values[:, -1:]).sum(1) > count
    ids, order = ids.sort(dim=1)
    ids = ids.gather(1, values.gather(1, order).sort(dim=1, descending=True, stable=True).indices)
    if cut.any():
        ids[cut] = scores[cut].sort(dim=1, descending=True, stable=True).indices[:, :count]
    return ids
