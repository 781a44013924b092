"""The check-in graph: items that users visit one after the other (docs/methods.md, "Spatial graphs")."""

from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from semtok.config.encoders import CheckInGraph
from semtok.encoders.train_interactions import read_train
from semtok.errors import DataError


def build(options: CheckInGraph, items: pd.DataFrame, interactions: str | Path | None = None) -> sparse.csr_array:
    """The symmetric weights of all items, float32 [n_items, n_items], of the train interactions in a file.

    w = log(1 + n), n being how often a user's next check-in after i, at most `max_gap_hours` later, was j; of both
    directions the larger. Staying at an item is no edge. Raises DataError where no two items follow each other.
    """
    if interactions is None:
        raise DataError("interactions: found none; a check-in graph needs them")
    train = read_train(interactions)
    user, item, time = (train[column].to_numpy() for column in ("user", "item", "timestamp"))  # (m,)
    follows = (user[1:] == user[:-1]) & (time[1:] - time[:-1] <= 3600 * options.max_gap_hours) & (item[1:] != item[:-1])
    if not follows.any():
        raise DataError(
            f"{interactions}: no user visits two items within {options.max_gap_hours} hours in {len(train)} train "
            "interactions; a check-in graph needs that"
        )
    ones = np.ones(int(follows.sum()), dtype=np.int32)
    counts = sparse.csr_array((ones, (item[:-1][follows], item[1:][follows])), shape=(len(items), len(items)))
    counts.sum_duplicates()
    weights = counts.astype(np.float32)
    weights.data = np.log1p(weights.data)
    larger = sparse.csr_array(weights.maximum(weights.T))
    larger.sort_indices()
    return larger
