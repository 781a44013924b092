"""What one run earned, user by user: `metrics.parquet`, from which tables, figures and claims are made."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from semtok.errors import DataError
from semtok.papers.metrics import OF_NDCG, OF_RANKS, beam_width, check_cutoff, earned_at, read_ranks
from semtok.plan.metrics import DEFECT_BEAM, NO_K
from semtok.run.files import atomic_path, read_table

Array = npt.NDArray[np.float64]
EVERY_ITEM = 2**31
"""The beam of a list that ranks all items."""
_FACTS = b"semtok"
"""Key of the file's metadata that holds the beam and the checksum of the targets."""


@dataclass(frozen=True)
class UserMetrics:
    """The metrics of a run, summed over each user's targets."""

    users: npt.NDArray[np.int64]
    """[users], ascending."""
    targets: Array
    """[users]: the number of each user's targets."""
    earned: Mapping[tuple[str, int], Array]
    """By metric and k, [users]: sums over targets."""
    beam: int
    """How many items were ranked for a target: all of them where a rank is known of every item."""
    checksum: str
    """Of the targets, their users and items: equal for runs that may be compared."""

    def column(self, metric: str, k: int) -> Array:
        """[users]: what was earned; of a metric that is made from NDCG@20, from that.

        Raises:
            ConfigError: the beam does not reach k.
            DataError: the run was not evaluated at k.
        """
        if k != NO_K:
            check_cutoff(k, self.beam)
        if metric in OF_NDCG:
            return OF_NDCG[metric](self.column("ndcg", DEFECT_BEAM), k)
        if (metric, k) not in self.earned:
            known = ", ".join(f"{name}@{cutoff}" for name, cutoff in self.earned)
            raise DataError(f"found the metrics {known}; expected {metric}@{k} among them")
        return self.earned[metric, k]

    def means(self) -> pd.DataFrame:
        """A row for each metric of ranks and k: `metric`, `k`, `value` (mean over targets), `user_value` (mean over
        users of their targets' mean), `targets`, `users`.

        Raises:
            DataError: no ranking has such means: NDCG@k above Recall@k, or outside [0, 1].
        """
        targets, users = int(self.targets.sum()), len(self.users)
        values = {key: float(earned.sum() / targets) for key, earned in self.earned.items()}
        for (metric, k), value in values.items():
            if not 0 <= value <= 1:
                raise DataError(f"found {metric}@{k} = {value}; expected a value in [0, 1]")
            recall = values.get(("recall", k), 1.0)
            if metric == "ndcg" and value > recall + 1e-12:
                raise DataError(f"found ndcg@{k} = {value} above recall@{k} = {recall}; expected at most that")
        rows = [
            (*key, value, float((self.earned[key] / self.targets).mean()), targets, users)
            for key, value in values.items()
        ]
        return pd.DataFrame(rows, columns=["metric", "k", "value", "user_value", "targets", "users"])


def user_metrics(ranks: pd.DataFrame, ks: Sequence[int]) -> UserMetrics:
    """Every metric of checked ranks at those of `ks` that the beam reaches."""
    beam = beam_width(ranks)
    return _sums(ranks, ranks["rank"], [k for k in ks if k <= beam], beam)


def untrained_metrics(path: str | Path, name: str, ks: Sequence[int]) -> UserMetrics:
    """Every metric of one of the lists in an `untrained.parquet`, which rank all items.

    Raises:
        DataError: the file cannot be read, or has no such list.
    """
    ranks = read_table(path).sort_values("target", ignore_index=True)
    if name not in ranks:
        raise DataError(f"{path}: found the columns {', '.join(ranks.columns)}; expected {name} among them")
    return _sums(ranks, ranks[name], ks, EVERY_ITEM)


def _sums(targets: pd.DataFrame, ranks: pd.Series, ks: Sequence[int], beam: int) -> UserMetrics:
    """Of targets in their order and the rank of each, within `beam`."""
    users, groups = np.unique(targets["user"].to_numpy(dtype=np.int64), return_inverse=True)
    earned = {
        (metric, k): np.bincount(groups, weights=earned_at(ranks, metric, k), minlength=len(users)).astype(np.float64)
        for metric in OF_RANKS
        for k in ks
    }
    tested = targets[["target", "user", "item"]].to_numpy(dtype=np.int64)
    checksum = hashlib.sha256(np.ascontiguousarray(tested).tobytes()).hexdigest()
    return UserMetrics(users, np.bincount(groups, minlength=len(users)).astype(np.float64), earned, beam, checksum)


def evaluate_run(ranks_path: str | Path, ks: Sequence[int], means_path: str | Path, users_path: str | Path) -> None:
    """Write the metrics of one run: `metrics.csv`, their means, to be read, and `metrics.parquet`, user by user.

    ks: cut-offs; those beyond the beam are left out, since the ranks cannot tell.
    """
    found = user_metrics(read_ranks(ranks_path), ks)
    with atomic_path(means_path) as temporary:
        found.means().to_csv(temporary, index=False)
    write_metrics(found, users_path)


def write_metrics(found: UserMetrics, path: str | Path) -> None:
    """Write a `metrics.parquet`."""
    columns = {f"{metric}@{k}": values for (metric, k), values in found.earned.items()}
    table = pa.table({"user": found.users, "targets": found.targets, **columns})
    facts = json.dumps({"beam": found.beam, "targets": found.checksum})
    with atomic_path(path) as temporary:
        pq.write_table(table.replace_schema_metadata({_FACTS: facts}), temporary)


def read_metrics(path: str | Path) -> UserMetrics:
    """A `metrics.parquet`.

    Raises:
        DataError: it cannot be read, or is none.
    """
    try:
        table = pq.read_table(path)
        facts = json.loads((table.schema.metadata or {})[_FACTS])
        columns = {name: table[name].to_numpy() for name in table.column_names}
        users, targets = columns.pop("user"), columns.pop("targets")
        keys = [(metric, int(k)) for metric, _, k in (name.partition("@") for name in columns)]
    except KeyError as error:
        raise DataError(f"{path}: {error} is missing; expected the metrics of a run") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as Parquet: {error}") from None
    return UserMetrics(users, targets, dict(zip(keys, columns.values(), strict=True)), facts["beam"], facts["targets"])
