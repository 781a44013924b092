"""How well scores tell the clicked candidates of a user's list from the others (docs/methods.md, "Scoring candidates").

A list is all candidates of a user, from all impressions; lists without a clicked or without another candidate tell
nothing and are left out, except from the pooled AUC.
"""

import hashlib
from math import comb
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import label_ranking_average_precision_score, ndcg_score

from semtok.data.candidates import check_labels
from semtok.errors import DataError
from semtok.papers.metrics import EVERY_ITEM, UserMetrics, write_metrics
from semtok.papers.statistics import Array
from semtok.plan.metrics import OF_CANDIDATES
from semtok.run.files import read_table

COLUMNS = ["user", "item", "clicked", "score"]
NDCG_KS = tuple(k for metric, k in OF_CANDIDATES if metric == "list_ndcg")
Bools = npt.NDArray[np.bool_]


def read_scored(path: str | Path) -> pd.DataFrame:
    """A `scored.parquet`: `user`, `item`, `clicked`, `score`, one row a candidate.

    Raises:
        DataError: columns are missing, a score is no number, or no candidate is clicked, or every one is: then nothing
            can be told apart.
    """
    table = read_table(path)
    if missing := [column for column in COLUMNS if column not in table]:
        raise DataError(f"{path}: found columns {', '.join(table.columns)}; expected also {', '.join(missing)}")
    if not np.isfinite(table["score"]).all():
        row = int(np.flatnonzero(~np.isfinite(table["score"]))[0])
        raise DataError(f"{path}: row {row}: found score {table['score'].iloc[row]}; expected a number")
    check_labels(table["clicked"].to_numpy(bool), str(path))
    return table


def evaluate_lists(scored_path: str | Path, metrics_path: str | Path) -> None:
    """Write what every user's list earns: a `metrics.parquet` whose targets are lists, one a user."""
    write_metrics(list_metrics(read_scored(scored_path)), metrics_path)


def list_metrics(scored: pd.DataFrame) -> UserMetrics:
    """Each metric of `OF_CANDIDATES` of each user that has a clicked and another candidate.

    GAUC: AUC of the list, ties 0.5. MRR: one over the rank of the first clicked candidate, behind all of its score.
    LRAP: label-ranking average precision. N@k: NDCG with all clicked candidates in the ideal list.
    """
    users, earned = [], []
    for user, rows in scored.groupby("user", sort=True):
        clicked = rows["clicked"].to_numpy(bool)
        if clicked.any() and not clicked.all():
            users.append(user)
            earned.append(of_list(rows["score"].to_numpy(np.float64), clicked))
    kept = scored[scored["user"].isin(users)].sort_values(["user", "item"], kind="stable")
    tested = kept[["user", "item", "clicked"]].to_numpy(np.int64)
    checksum = hashlib.sha256(np.ascontiguousarray(tested).tobytes()).hexdigest()
    columns = np.array(earned, dtype=np.float64).reshape(len(users), len(OF_CANDIDATES)).T
    values = dict(zip(OF_CANDIDATES, columns, strict=True))
    return UserMetrics(np.array(users, dtype=np.int64), np.ones(len(users)), values, EVERY_ITEM, checksum)


def of_list(score: Array, clicked: Bools) -> list[float]:
    """The metrics of one list, in the order of `OF_CANDIDATES`."""
    first = 1 + int((score[~clicked] >= score[clicked].max()).sum())
    truth, given = clicked[None], score[None]
    return [
        pooled_auc(score, clicked),
        1 / first,
        float(label_ranking_average_precision_score(truth, given)),
        *(float(ndcg_score(truth, given, k=k)) for k in NDCG_KS),
    ]


def pooled_auc(score: Array, clicked: Bools, weight: Array | None = None) -> float:
    """The share of pairs of a clicked and another candidate in which the former has the higher score, ties 0.5; each
    candidate counts `weight` times."""
    weight = np.ones(len(score)) if weight is None else weight
    group = np.unique(score, return_inverse=True)[1]
    positive = np.bincount(group, weights=weight * clicked)
    negative = np.bincount(group, weights=weight * ~clicked)
    below = np.cumsum(negative) - negative
    return float((positive * (below + negative / 2)).sum() / (positive.sum() * negative.sum()))


def expected_of_random(scored: pd.DataFrame) -> dict[tuple[str, int], float]:
    """What a random order of every list earns on average, by metric and k: nothing but the numbers of candidates and of
    clicked ones decides it, so that a metric is not the same number on two datasets."""
    lists = scored.groupby("user")["clicked"].agg(["size", "sum"])
    lists = lists[(lists["sum"] > 0) & (lists["sum"] < lists["size"])]
    sizes = lists.value_counts()
    means = np.average([_expected(int(n), int(p)) for n, p in sizes.index], axis=0, weights=sizes)
    return dict(zip(OF_CANDIDATES, means.tolist(), strict=True))


def _expected(n: int, n_clicked: int) -> list[float]:
    """Of a list of n candidates in random order."""
    rank = np.arange(1, n + 1)
    first = [comb(n - r, n_clicked - 1) / comb(n, n_clicked) for r in range(1, n + 1)]
    # Of those above a clicked candidate at rank r, each is clicked with the share of the other clicked ones.
    precision = (1 + (rank - 1) * (n_clicked - 1) / (n - 1)) / rank
    discount = 1 / np.log2(rank + 1)
    ndcg = [n_clicked / n * discount[:k].sum() / discount[: min(k, n_clicked)].sum() for k in NDCG_KS]
    return [0.5, float((first / rank).sum()), float(precision.mean()), *map(float, ndcg)]
