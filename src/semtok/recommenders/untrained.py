"""Untrained baselines: what any method has to beat, and between which bounds it can move.

`popularity`, `recency`, `frequency`, `co-occurrence` and `content` rank all items from a history, as recommenders over
plain item ids do, and like those leave out none. Equal scores go by popularity in train, then by item id. `random` is
the floor of a metric. `oracle` is the ceiling of what learns from train records alone: whoever could foresee
everything, and has a vector of no item that train lacks.

Shapes: B targets of n_items items.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_array, diags_array

from semtok.config.untrained import UntrainedOptions
from semtok.errors import DataError
from semtok.recommenders.sequences import Integers, Samples, Sequences, target_samples

Array = npt.NDArray[np.float64]

SCORES_AT_ONCE = 4_000_000
SEED_OF_RANDOM = 0


@dataclass(frozen=True)
class FlatHistories:
    """The interactions before some targets, as flat arrays of N interactions."""

    row: Integers
    """[N], the target, from 0 to B - 1."""
    item: Integers
    """[N], the oldest first."""
    back: Integers
    """[N], 1 for the last before the target."""


class Untrained:
    """The interactions of a dataset, items numbered by popularity: the lower number wins ties.

    Args:
        interactions: of the dataset; nothing but `train` records is counted.
        options: the config's `untrained`.
        vectors: of the items' texts [n_items, dim], a row of NaN where an item has none; None without texts.
    """

    def __init__(
        self, interactions: pd.DataFrame, options: UntrainedOptions, vectors: npt.NDArray[np.float32] | None
    ) -> None:
        found = Sequences.from_interactions(interactions)
        self.window, self.is_train = options.window, (interactions["split"] == "train").to_numpy(bool)
        counts = np.bincount(found.items[self.is_train], minlength=found.n_items)
        if vectors is not None and len(vectors) != found.n_items:
            raise DataError(f"text vectors: found {len(vectors)} rows; expected {found.n_items}, one for each item")
        order = np.argsort(-counts, kind="stable")
        self.counts: Integers = counts[order]
        """[n_items], train records of each item."""
        self.number: Integers = np.argsort(order, kind="stable")
        """[n_items], the number of each item id."""
        self.sequences = Sequences(self.number[found.items], found.starts)
        self.vectors = None if vectors is None else vectors[order]

    def histories(self, samples: Samples) -> FlatHistories:
        """Of each sample, all that came before."""
        lengths = samples.position
        row = np.repeat(np.arange(len(samples)), lengths)
        step = np.arange(len(row)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        item = self.sequences.items[self.sequences.starts[samples.user][row] + step]
        return FlatHistories(row, item, lengths[row] - step)

    def popularity(self, samples: Samples) -> Array:
        """Train records: [B, n_items]."""
        return np.broadcast_to(self.counts.astype(np.float64), (len(samples), len(self.counts)))

    def recency(self, samples: Samples) -> Array:
        """The user's own items, the latest first: [B, n_items]."""
        scores, history = self._zeros(samples), self.histories(samples)
        scores[history.row, history.item] = 1 / history.back  # of several visits the last is written last
        return scores

    def frequency(self, samples: Samples) -> Array:
        """The user's own items, the most frequent first, of equally frequent ones the latest: [B, n_items]."""
        scores, history = self.recency(samples) / 2, self.histories(samples)  # below 1
        np.add.at(scores, (history.row, history.item), 1)
        return scores

    def co_occurrence(self, samples: Samples) -> Array:
        """What follows the last items in train: [B, n_items], the sum of P(i | m-th last) / m over the window."""
        history, shape = self.histories(samples), (len(samples), len(self.counts))
        last = history.back <= self.window
        items = csr_array((1 / history.back[last], (history.row[last], history.item[last])), shape=shape)
        scores: Array = (items @ self._following).toarray()
        return scores

    @cached_property
    def _following(self) -> csr_array:
        """[n_items, n_items], how often train has the second item within the window behind the first, for a record of
        the first; a distance of g places counts 1 / g."""
        items, n_items = self.sequences.items, len(self.counts)
        user = np.repeat(np.arange(len(self.sequences.starts) - 1), np.diff(self.sequences.starts))
        following = csr_array((n_items, n_items))
        for gap in range(1, self.window + 1):
            both = self.is_train[:-gap] & self.is_train[gap:] & (user[:-gap] == user[gap:])
            pairs = (items[:-gap][both], items[gap:][both])
            following = following + csr_array((np.full(both.sum(), 1 / gap), pairs), shape=(n_items, n_items))
        return csr_array(diags_array(1 / np.maximum(self.counts, 1)) @ following)

    def content(self, samples: Samples) -> Array:
        """The cosine of an item's text with the mean of the last items': [B, n_items], -1 for an item without text."""
        directions, text = self._texts  # (T, dim) of T texts, (n_items,)
        history, shape = self.histories(samples), (len(samples), len(directions))
        last = (history.back <= self.window) & (text[history.item] >= 0)
        once = np.ones(last.sum(), dtype=np.float32)
        read = csr_array((once, (history.row[last], text[history.item[last]])), shape=shape)
        mean = read @ directions  # (B, dim), but for its length
        cosine = mean @ directions.T / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-9)  # (B, T)
        return np.where(text >= 0, cosine[:, text], -1.0).astype(np.float64)

    @cached_property
    def _texts(self) -> tuple[npt.NDArray[np.float32], Integers]:
        """The distinct text vectors at length 1 [T, dim], and the text of each item [n_items]; -1: none.

        Of one vector, so that items of one text tie to the last bit.
        """
        if self.vectors is None:
            raise DataError("no text vectors; expected them for a ranking by content")
        has_text = np.isfinite(self.vectors).all(axis=1)
        distinct, place = np.unique(self.vectors[has_text], axis=0, return_inverse=True)
        text = np.full(len(self.vectors), -1, dtype=np.int64)
        text[has_text] = place.ravel()
        lengths = np.linalg.norm(distinct, axis=1, keepdims=True)
        return distinct / np.maximum(lengths, 1e-9), text

    def _zeros(self, samples: Samples) -> Array:
        return np.zeros((len(samples), len(self.counts)))


def rank_untrained(
    interactions: pd.DataFrame,
    targets: pd.DataFrame,
    options: UntrainedOptions,
    vectors: npt.NDArray[np.float32] | None = None,
) -> pd.DataFrame:
    """One row per test target: its rank in every list, and what is known of it.

    Returns:
        Columns `target`, `user`, `item`; `train_count`, the train records of its item; `last_had`, how many
        interactions ago the user had it (null: never); and a column of ranks for each list, from 1 (null: not in it).
        Without `vectors` there is no `content`.

    Raises:
        DataError: there are no test targets, or not one vector for each item.
    """
    known = Untrained(interactions, options, vectors)
    samples = target_samples(targets, "test", known.sequences)
    if not len(samples):
        raise DataError("targets: no row of the split test; expected at least one")
    n_items = len(known.counts)
    samples = Samples(samples.user, samples.position, known.number[samples.item])
    table = targets.loc[targets["split"] == "test", ["target", "user", "item"]].reset_index(drop=True).astype("int32")
    table["train_count"] = known.counts[samples.item].astype(np.int32)
    blocks = list(_blocks(samples, n_items))
    table["last_had"] = _nullable(np.concatenate([_last_had(known, block) for block in blocks]))
    lists: dict[str, Callable[[Samples], Array]] = {
        "popularity": known.popularity,
        "recency": known.recency,
        "frequency": known.frequency,
        "co-occurrence": known.co_occurrence,
        **({} if vectors is None else {"content": known.content}),
    }
    for name, score in lists.items():
        table[name] = _nullable(np.concatenate([target_ranks(score(block), block.item) for block in blocks]))
    # A target's place in a random order of all items.
    table["random"] = _nullable(np.random.default_rng(SEED_OF_RANDOM).integers(1, n_items + 1, len(samples)))
    table["oracle"] = _nullable((table["train_count"].to_numpy() > 0).astype(np.int64))
    return table


def target_ranks(scores: Array, items: Integers) -> Integers:
    """The rank of each row's item among all [B], by score [B, n_items], of equal scores the lower number first.

    As `full_ranking.rank_items`, without torch, whose import takes longer than all that is done here.
    """
    own = scores[np.arange(len(items)), items][:, None]
    earlier = (scores == own) & (np.arange(scores.shape[1]) < items[:, None])
    rank: Integers = 1 + (scores > own).sum(axis=1) + earlier.sum(axis=1)
    return rank


def _last_had(known: Untrained, samples: Samples) -> Integers:
    """How many interactions ago each sample's user had its item [n]; 0: never."""
    history = known.histories(samples)
    same = history.item == samples.item[history.row]
    last = np.zeros(len(samples), dtype=np.int64)
    last[history.row[same]] = history.back[same]  # of several the last is written last
    return last


def _blocks(samples: Samples, n_items: int) -> Iterator[Samples]:
    size = max(1, SCORES_AT_ONCE // n_items)
    for first in range(0, len(samples), size):
        yield samples.take(np.arange(first, min(first + size, len(samples))))


def _nullable(values: Integers) -> pd.arrays.IntegerArray:
    """0 becomes null."""
    return pd.arrays.IntegerArray(values.astype(np.int32), mask=values == 0)
