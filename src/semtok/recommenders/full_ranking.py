"""Models over plain item ids rank the whole catalogue: by score, ties by item id (docs/methods.md, "Metrics")."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from semtok.errors import SemtokError
from semtok.recommenders.grouping import capacity_of, groups_by_length, pieces
from semtok.recommenders.item_model import CausalModel, ItemModel
from semtok.recommenders.sequences import Integers, Samples, Sequences
from semtok.run.devices import autocast, compute_dtype


@dataclass(frozen=True)
class Ranked:
    """Where some targets stand among all items."""

    rank: Integers
    """[n] from 1, among all items; of items with equal scores the lower id comes first."""
    pessimistic: Integers
    """[n] the rank if every item of an equal score came first."""
    top: Integers
    """[n, top] the best items, best first."""


@torch.inference_mode()
def rank_catalogue(
    model: ItemModel, sequences: Sequences, samples: Samples, max_items: int, batch_size: int, top: int
) -> Ranked:
    """Rank all items for each sample from its last `max_items` items; `samples.item` is looked up in the result only.

    No item is left out, seen or not. `batch_size` rows of scores are held at once.
    """
    was_training = model.training
    model.eval()
    items = torch.tensor(samples.item, device=model.device)
    # Filled in place: results of each batch, kept between its large temporary arrays, would let the heap grow by the
    # scores of every batch.
    n_top = min(top, sequences.n_items)
    ranked = Ranked(*(np.empty(shape, np.int64) for shape in (len(samples), len(samples), (len(samples), n_top))))
    if isinstance(model, CausalModel):
        scored = _score_from_shared_passes(model, sequences, samples, max_items, batch_size)
    else:
        scored = _score(model, sequences, samples, max_items, batch_size)
    for rows, scores in scored:
        if not scores.isfinite().all():
            raise SemtokError("the model gives scores that are not numbers; was its training stopped by an error?")
        part = rank_items(scores, items[rows], top)
        ranked.rank[rows], ranked.pessimistic[rows], ranked.top[rows] = part.rank, part.pessimistic, part.top
    model.train(was_training)
    return ranked


def _score(
    model: ItemModel, sequences: Sequences, samples: Samples, max_items: int, batch_size: int
) -> Iterator[tuple[Integers, Tensor]]:
    """Rows of `samples`, histories of similar length together, and their scores [at most batch_size, n_items]."""
    lengths = sequences.lengths(samples, max_items)
    for rows in pieces(groups_by_length(lengths, 0, capacity_of(model.device)), batch_size):
        # No autocast: scores of bfloat16 would rank many items alike.
        yield rows, model.scores(sequences.histories(samples.take(rows), max_items))


def _score_from_shared_passes(
    model: CausalModel, sequences: Sequences, samples: Samples, max_items: int, batch_size: int
) -> Iterator[tuple[Integers, Tensor]]:
    """As `_score`, in the order of the samples: one pass serves all of a user's histories that begin alike."""
    states = last_states(model, sequences, samples, max_items)  # (n, d)
    for first in range(0, len(samples), batch_size):
        rows = np.arange(first, min(first + batch_size, len(samples)))
        yield rows, model.scores_after(states[first : first + batch_size])


def last_states(model: CausalModel, sequences: Sequences, samples: Samples, max_items: int) -> Tensor:
    """The state after each sample's history [n, d], float32.

    Histories that begin with the same interaction are prefixes of the longest of them.
    """
    lengths = sequences.lengths(samples, max_items)  # (n,)
    begin = sequences.starts[samples.user] + samples.position - lengths  # (n,) the first interaction of each
    order = np.lexsort((lengths, begin))  # (n,) those of one beginning together, the longest last
    ends = np.flatnonzero(np.append(np.diff(begin[order]) > 0, True)) + 1  # (p,)
    longest, sharing = samples.take(order[ends - 1]), np.split(order, ends[:-1])  # p passes; the samples of each
    states = torch.empty(0)
    for rows in groups_by_length(sequences.lengths(longest, max_items), 0, capacity_of(model.device)):
        with autocast(model.device, compute_dtype(model.device)):
            found = model.states(sequences.histories(longest.take(rows), max_items)).float()  # (B, T, d)
        readers = np.concatenate([sharing[row] for row in rows])  # (R,) samples that this group serves
        passed = np.repeat(np.arange(len(rows)), [len(sharing[row]) for row in rows])  # (R,) in 0 ... B - 1
        if not len(states):
            states = found.new_empty(len(samples), found.shape[2])  # (n, d)
        states[torch.from_numpy(readers)] = found[torch.from_numpy(passed), torch.from_numpy(lengths[readers] - 1)]
    return states


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
