"""What a recommender over plain item ids learns from: windows of the users' train parts."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor

from semtok.recommenders.grouping import Capacity, capacity_of, groups_by_length
from semtok.recommenders.item_model import ItemModel, WindowBatch
from semtok.recommenders.sequences import Integers, Samples, Sequences, train_samples
from semtok.recommenders.training import TrainingSamples
from semtok.run.devices import autocast, compute_dtype

MOST_SCORES = {"cpu": 2**24, "cuda": 2**28}
"""How many scores to hold at once; their gradient takes as much again."""


@dataclass(frozen=True)
class Windows(TrainingSamples):
    """The users' train parts, cut into windows of `max_items` steps; the objective of `Trainer`.

    A window ends where the next one begins, the last one at the end of the train part: every train record with a
    predecessor is predicted once an epoch, however long its user is.
    """

    model: ItemModel
    sequences: Sequences
    ends: Samples
    """The end of each window; its inputs are the `max_items` items before."""
    is_learned: npt.NDArray[np.bool_]
    """[n_interactions], whether a record is predicted."""
    n_predictions: Integers
    """Of each window [n]."""
    max_items: int
    capacity: Capacity

    @classmethod
    def from_interactions(cls, model: ItemModel, interactions: pd.DataFrame, max_items: int) -> "Windows":
        """Windows over the train records of interactions.parquet."""
        sequences, samples = Sequences.from_interactions(interactions), train_samples(interactions)
        is_learned = np.zeros(len(sequences.items), dtype=bool)
        is_learned[sequences.starts[samples.user] + samples.position] = True
        is_last = np.append(np.diff(samples.user) > 0, True)
        last_position = samples.position[is_last][np.cumsum(is_last) - is_last]
        window = (last_position - samples.position) // max_items
        rows = np.flatnonzero(is_last | np.append(np.diff(window) < 0, True))
        # Where a window ends by its number, also if the record there is no train record: else it would reach into the
        # one before.
        user, position = samples.user[rows], last_position[rows] - window[rows] * max_items
        ends = Samples(user, position, sequences.items[sequences.starts[user] + position])
        usual, most_scores = capacity_of(model.device), MOST_SCORES.get(model.device.type, MOST_SCORES["cpu"])
        capacity = Capacity(min(usual.most, most_scores // sequences.n_items), usual.pass_cost)
        return cls(model, sequences, ends, is_learned, np.diff(rows, prepend=-1), max_items, capacity)

    def __len__(self) -> int:
        return len(self.ends)

    def predictions(self, rows: Integers) -> int:
        """The train records with a predecessor that lie in the windows `rows`."""
        return int(self.n_predictions[rows].sum())

    def backward(self, rows: Integers, n_predictions: int) -> Tensor:
        """See `backward_in_groups`."""
        windows = self.ends.take(rows)
        lengths = self.sequences.lengths(windows, self.max_items)
        return backward_in_groups(
            self.model, lengths, self.capacity, lambda group: self.batch(windows.take(group)), n_predictions
        )

    def batch(self, ends: Samples) -> WindowBatch:
        """The windows that end with these predictions."""
        histories = self.sequences.histories(ends, self.max_items)  # of (B, T)
        following = np.where(histories.real, histories.records + 1, 0)  # (B, T)
        return WindowBatch(histories, self.sequences.items[following], histories.real & self.is_learned[following])


def backward_in_groups(
    model: ItemModel,
    lengths: Integers,
    capacity: Capacity,
    batch: Callable[[Integers], WindowBatch],
    n_predictions: int,
) -> Tensor:
    """Add the gradient of the summed losses of some windows / `n_predictions`; returns the sum of the losses [].

    The windows, whose `lengths` [n] are given, go through the network in groups of similar length; `batch` gives those
    of some rows.
    """
    total = torch.zeros((), device=model.device)
    for group in groups_by_length(lengths, 0, capacity):
        with autocast(model.device, compute_dtype(model.device)):
            loss = model.loss(batch(group))
        torch.autograd.backward(loss / n_predictions)
        total += loss.detach()
    return total
