"""Recall by what is known of the targets: how often train holds them, and whether the user had them before."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from semtok.errors import DataError
from semtok.papers.metrics import earned_at, read_ranks
from semtok.papers.results import Results
from semtok.papers.statistics import Array, Bootstrap, Sample, Statistic, Uncertainty
from semtok.plan.cells import Cell, Run
from semtok.plan.table_specs import RankingTable
from semtok.plan.untrained import kind_of
from semtok.run.files import read_table

COLUMNS = [
    *("paper", "table", "dataset", "source", "method", "kind", "by", "stratum", "targets", "share"),
    *("metric", "k", "mean", "seeds", "ci_low", "ci_high"),
]
IN_TRAIN, HAD_BEFORE = "in train", "had before"
RECENT = 8
"""Interactions back to which a target counts as one of the last."""
QUARTERS = (0.25, 0.5, 0.75)


@dataclass(frozen=True)
class Stratum:
    """Some of the test targets of a dataset."""

    by: str
    """By what the targets are divided; the strata of one division are all targets."""
    name: str
    holds: npt.NDArray[np.bool_]
    """[targets]"""


def strata(targets: pd.DataFrame) -> list[Stratum]:
    """Both divisions of the rows of an `untrained.parquet`; strata without targets are left out.

    By train records of the item: none, and the quarters of the other targets (equal counts are not parted). By the last
    time that the user had it: among the last `RECENT` interactions, earlier, never.
    """
    counts = targets["train_count"].to_numpy(np.int64)
    last_had = targets["last_had"].to_numpy(np.float64, na_value=np.inf)
    found = [Stratum(IN_TRAIN, "never", counts == 0)]
    edges: list[int] = []
    if counts.any():
        edges = np.unique(np.quantile(counts[counts > 0], QUARTERS, method="lower")).tolist()
    for low, high in zip([0, *edges], [*edges, counts.max()], strict=True):
        holds = (counts > low) & (counts <= high)
        within = counts[holds]
        if len(within):
            first, last = within.min(), within.max()
            found.append(Stratum(IN_TRAIN, f"{first}" if first == last else f"{first}-{last}", holds))
    found += [
        Stratum(HAD_BEFORE, f"last {RECENT}", last_had <= RECENT),
        Stratum(HAD_BEFORE, "earlier", (last_had > RECENT) & np.isfinite(last_had)),
        Stratum(HAD_BEFORE, "never", np.isinf(last_had)),
    ]
    return [stratum for stratum in found if stratum.holds.any()]


def tidy(results: Results) -> pd.DataFrame:
    """One row a dataset, method with runs, stratum and k that no beam may fall short of; `mean` is the Recall.

    Raises:
        DataError: the ranks of a run are no ranks (`read_ranks`), or of other targets than those of the dataset.
    """
    table = results.spec(RankingTable)
    ks = [k for k in table.ks if k not in table.optional_ks]
    rows: list[dict[str, Any]] = []
    for dataset, path in results.targets.items():
        targets = read_table(path).sort_values("target", ignore_index=True)
        parts = strata(targets)
        for cell in results.cells:
            if cell.dataset != dataset or not cell.runs:
                continue
            start = {
                **results.keys(dataset),
                "source": results.origins[dataset].source,
                "method": table.labels[cell.tokenizer],
                "kind": kind_of(cell.tokenizer),
                "metric": "recall",
                "seeds": len(cell.runs),
            }
            found = _ranks(cell, targets, results.files.get("ranks", {}), path)
            rows += ({**start, **row} for row in _recalls(found, targets["user"], parts, ks, results.uncertainty))
    return pd.DataFrame(rows, columns=COLUMNS).astype({"seeds": "Int64", "targets": "Int64"})


def _ranks(cell: Cell, targets: pd.DataFrame, files: Mapping[Run, Path], path: Path) -> list[pd.Series]:
    """Of each run, the rank of each row of `targets`."""
    found = []
    for run in cell.runs:
        if run.is_untrained:
            found.append(targets[run.recommender])
            continue
        ranks = read_ranks(files[run])
        if not ranks[["target", "item"]].equals(targets[["target", "item"]]):
            raise DataError(f"{files[run]}: found other targets than in {path}; expected the same")
        found.append(ranks["rank"])
    return found


def _recalls(
    ranks: Sequence[pd.Series], users: pd.Series, parts: Sequence[Stratum], ks: Sequence[int], uncertainty: Uncertainty
) -> Iterator[dict[str, Any]]:
    """Stratum by stratum and k by k, over the runs of one method.

    A recall is the ratio of two columns of the bootstrap, since users drawn anew have other targets in a stratum.
    """
    _, user = np.unique(users, return_inverse=True)

    def by_user(values: npt.NDArray[Any]) -> Array:
        return np.bincount(user, weights=values).astype(np.float64)

    columns = [
        np.stack([by_user(earned_at(rank, "recall", k) * part.holds) for part in parts for k in ks], axis=1)
        for rank in ranks
    ]  # of each seed [users, strata * ks]
    sizes = np.stack([by_user(part.holds) for part in parts], axis=1)  # [users, strata]
    earned = np.stack([np.concatenate([hits, sizes], axis=1) for hits in columns])
    sample = Sample(earned, by_user(np.ones(len(user))))
    bootstrap = Bootstrap([sample], uncertainty)
    for i, part in enumerate(parts):
        for j, k in enumerate(ks):
            estimate = bootstrap.estimate(_ratio(i * len(ks) + j, len(parts) * len(ks) + i))
            yield {
                "by": part.by,
                "stratum": part.name,
                "targets": int(part.holds.sum()),
                "share": float(part.holds.mean()),
                "k": k,
                "mean": estimate.value,
                "ci_low": max(estimate.low, 0.0),
                "ci_high": min(estimate.high, 1.0),
            }


def _ratio(above: int, below: int) -> Statistic:
    """One column of the only method over another; undefined where a resample has no target of the stratum."""

    def ratio(means: Array) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            result: Array = means[..., 0, above] / means[..., 0, below]
        return result

    return ratio
