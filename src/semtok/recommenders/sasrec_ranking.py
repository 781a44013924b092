"""A SASRec network ranks the catalogue for each history."""

import numpy as np
import torch
from torch import Tensor

from semtok.errors import SemtokError
from semtok.recommenders.full_ranking import Ranked, rank_items
from semtok.recommenders.grouping import CAPACITIES, groups_by_length
from semtok.recommenders.sasrec_model import SASRecNetwork
from semtok.recommenders.sequences import Samples, Sequences
from semtok.run import devices


@torch.inference_mode()
def rank_catalogue(
    model: SASRecNetwork, sequences: Sequences, samples: Samples, max_items: int, batch_size: int, top: int
) -> Ranked:
    """Rank all items for each sample from its last `max_items` items; `samples.item` is looked up in the result only.

    No item is left out, seen or not. `batch_size` rows of scores are held at once.
    """
    was_training = model.training
    model.eval()
    device = model.item.weight.device
    states = last_states(model, sequences, samples, max_items)
    items = torch.tensor(samples.item, device=device)
    # Filled in place: results of each batch, kept between its large temporary arrays, would let the heap grow by the
    # scores of every batch.
    n_top = min(top, model.item.num_embeddings)
    ranked = Ranked(*(np.empty(shape, np.int64) for shape in (len(samples), len(samples), (len(samples), n_top))))
    for first in range(0, len(samples), batch_size):
        rows = slice(first, first + batch_size)
        scores = model.scores(states[rows])
        if not scores.isfinite().all():
            raise SemtokError("the model gives scores that are not numbers; was its training stopped by an error?")
        part = rank_items(scores, items[rows], top)
        ranked.rank[rows], ranked.pessimistic[rows], ranked.top[rows] = part.rank, part.pessimistic, part.top
    model.train(was_training)
    return ranked


def last_states(model: SASRecNetwork, sequences: Sequences, samples: Samples, max_items: int) -> Tensor:
    """The state after each sample's history [n, hidden_dim], float32.

    Histories that begin with the same interaction are prefixes of the longest of them, so that one pass serves all:
    a step sees only what came before.
    """
    device = model.item.weight.device
    dtype = devices.compute_dtype(device)
    lengths = sequences.lengths(samples, max_items)
    begin = sequences.starts[samples.user] + samples.position - lengths
    order = np.lexsort((lengths, begin))
    ends = np.flatnonzero(np.append(np.diff(begin[order]) > 0, True)) + 1
    longest, sharing = samples.take(order[ends - 1]), np.split(order, ends[:-1])
    states = torch.empty(len(samples), model.item.embedding_dim, device=device)
    capacity = CAPACITIES.get(device.type, CAPACITIES["cpu"])
    for rows in groups_by_length(sequences.lengths(longest, max_items), 0, capacity):
        items, _ = sequences.histories(longest.take(rows), max_items)
        with devices.autocast(device, dtype):
            found = model(torch.from_numpy(items).to(device)).float()
        readers = np.concatenate([sharing[row] for row in rows])
        passed = np.repeat(np.arange(len(rows)), [len(sharing[row]) for row in rows])
        states[torch.from_numpy(readers)] = found[torch.from_numpy(passed), torch.from_numpy(lengths[readers] - 1)]
    return states
