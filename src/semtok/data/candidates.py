"""What users were shown, clicked or not: `candidates.parquet`, of which STORE's Table 5 is made."""

from collections import Counter
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from semtok.errors import DataError


def candidates(
    shown: Iterable[pd.DataFrame], users: pd.Index, items: pd.Index, splits: pd.Series, counts: Counter[str]
) -> pd.DataFrame:
    """One row per candidate, in order of impression.

    Args:
        shown: chunks of `impression`, `user`, `item`, `clicked`, of raw ids.
        users: raw ids of the users that stay, by number; what others were shown is counted and left out.
        items: raw ids of the catalogue, by number.
        splits: of each user, by number: `train`, `valid` or `test`.
        counts: receives how many there are, and how many are left out.

    Returns:
        `impression` int32 (from 0), `user` int32, `item` Int32 (null: nobody had it, so that it has no codes; counted),
        `raw_id`, `clicked` bool, `split`.
    """
    kept = []
    for chunk in shown:
        user = users.get_indexer(pd.Index(chunk["user"]))
        counts["candidates_of_unused_users"] += int((user < 0).sum())
        kept.append(chunk.assign(user=user)[user >= 0])
    empty = pd.DataFrame({"impression": [], "user": [], "item": [], "clicked": []})
    table = pd.concat(kept or [empty], ignore_index=True)
    number = items.get_indexer(pd.Index(table["item"]))
    counts["candidates"], counts["clicked_candidates"] = len(table), int(table["clicked"].sum())
    counts["candidates_outside_the_catalogue"] = int((number < 0).sum())
    user = table["user"].to_numpy(np.int32)
    return pd.DataFrame(
        {
            "impression": np.unique(table["impression"], return_inverse=True)[1].astype(np.int32),
            "user": user,
            "item": pd.arrays.IntegerArray(number.astype(np.int32), mask=number < 0),
            "raw_id": table["item"].astype("string"),
            "clicked": table["clicked"].to_numpy(bool),
            "split": splits.reindex(user).astype("string").to_numpy(),
        }
    )


def split_of_users(interactions: pd.DataFrame) -> pd.Series:
    """Of each user, by number, where it belongs under disjoint users: that of its last interaction."""
    return interactions.groupby("user")["split"].last()


def check_labels(clicked: npt.NDArray[np.bool_], path: str) -> None:
    """Raise a DataError where candidates are all clicked, or none is."""
    if clicked.all() or not clicked.any():
        found = "no candidates" if not len(clicked) else f"{int(clicked.sum())} of {len(clicked)} candidates clicked"
        raise DataError(f"{path}: found {found}; expected some that are clicked and some that are not")
