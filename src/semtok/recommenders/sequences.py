"""Histories of users and the samples taken from them, as flat arrays: no Python object per user."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from semtok.errors import DataError

Integers = npt.NDArray[np.int64]
VALIDATION_SAMPLE_SEED = 0


@dataclass(frozen=True)
class Samples:
    """What is to be predicted: the item of `user` that follows its first `position` interactions."""

    user: Integers
    position: Integers
    item: Integers

    def __len__(self) -> int:
        return len(self.user)

    def take(self, rows: Integers) -> "Samples":
        """The samples of these rows, in this order."""
        return Samples(self.user[rows], self.position[rows], self.item[rows])


@dataclass(frozen=True)
class Sequences:
    """The interactions of all users, one user after the other, each in order of time."""

    items: Integers
    """[n_interactions]"""
    starts: Integers
    """[n_users + 1]; user u has `items[starts[u]:starts[u + 1]]`."""

    @classmethod
    def from_interactions(cls, interactions: pd.DataFrame) -> "Sequences":
        """From the columns user and item of interactions.parquet."""
        users = interactions["user"].to_numpy(np.int64)
        if not len(users):
            raise DataError("interactions: no rows")
        if (np.diff(users) < 0).any():
            row = int(np.flatnonzero(np.diff(users) < 0)[0]) + 1
            raise DataError(
                f"interactions, row {row}: user {users[row]} after {users[row - 1]}; expected users in order"
            )
        starts = np.searchsorted(users, np.arange(users[-1] + 2))
        return cls(interactions["item"].to_numpy(np.int64), starts)

    @property
    def n_items(self) -> int:
        """Size of the catalogue, of which every item has an interaction (data/prepare.py numbers those that have)."""
        return int(self.items.max()) + 1

    def lengths(self, samples: Samples, max_items: int) -> Integers:
        """Items in the history of each sample [n]."""
        return np.minimum(samples.position, max_items)

    def histories(self, samples: Samples, max_items: int) -> "Histories":
        """The last `max_items` interactions before each sample."""
        lengths = self.lengths(samples, max_items)
        steps = np.arange(lengths.max(initial=1))
        real = steps < lengths[:, None]
        records = (self.starts[samples.user] + samples.position - lengths)[:, None] + steps
        return Histories(self, np.where(real, records, 0), real)


@dataclass(frozen=True)
class Histories:
    """What came before some samples: B histories, the oldest interaction first, padded at the end to T."""

    sequences: Sequences
    records: Integers
    """[B, T] rows of the interactions, 0 where there is none: where all that `sequences` knows of them is found."""
    real: npt.NDArray[np.bool_]
    """[B, T], whether there is one."""

    @property
    def items(self) -> Integers:
        """[B, T] item ids, 0 where there is none."""
        return self.sequences.items[self.records] * self.real

    @property
    def lengths(self) -> Integers:
        """[B]"""
        lengths: Integers = self.real.sum(axis=1)
        return lengths


def train_samples(interactions: pd.DataFrame) -> Samples:
    """Every `train` interaction with a predecessor; refuses held-out records among the predecessors."""
    sequences = Sequences.from_interactions(interactions)
    users = interactions["user"].to_numpy(np.int64)
    positions = np.arange(len(users)) - sequences.starts[users]
    split = interactions["split"]
    held_out = np.concatenate([[0], np.cumsum(split.isin(["valid", "test"]).to_numpy(bool))])
    train = (split == "train").to_numpy(bool)
    leaks = train & (held_out[:-1] > held_out[sequences.starts[users]])
    if leaks.any():
        row = int(np.flatnonzero(leaks)[0])
        raise DataError(f"interactions, row {row}: a train record of user {users[row]} after a held-out one")
    rows = np.flatnonzero(train & (positions > 0))
    if not len(rows):
        raise DataError("interactions: no train record has a predecessor, so there is nothing to learn from")
    return Samples(users[rows], positions[rows], sequences.items[rows])


def target_samples(targets: pd.DataFrame, split: str, sequences: Sequences) -> Samples:
    """The rows of targets.parquet of one split, in their order."""
    chosen = targets[targets["split"] == split]
    user, position, item = (chosen[name].to_numpy(np.int64) for name in ("user", "position", "item"))
    n_users = len(sequences.starts) - 1
    if len(user) and not 0 <= user.min() <= user.max() < n_users:
        raise DataError(f"targets: users from {user.min()} to {user.max()}; expected those of the {n_users} users")
    wrong = (position < 1) | (position > sequences.starts[user + 1] - sequences.starts[user])
    if wrong.any():
        raise DataError(
            f"targets: the history of a {split} target of user {user[wrong][0]} is {position[wrong][0]} long; "
            f"expected 1 to the number of that user's interactions"
        )
    return Samples(user, position, item)


def validation_sample(targets: pd.DataFrame, sequences: Sequences, count: int | None) -> Samples:
    """`count` of the valid targets, or all: the same for every seed and tokenizer, so that they choose alike."""
    samples = target_samples(targets, "valid", sequences)
    order = np.random.default_rng(VALIDATION_SAMPLE_SEED).permutation(len(samples))
    return samples.take(np.sort(order[:count]))
