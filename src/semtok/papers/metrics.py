"""What a run earns: Recall@k and NDCG@k from its ranks, target by target and user by user (`metrics.parquet`)."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from semtok.errors import ConfigError, DataError
from semtok.plan.metrics import DEFECT_BEAM, METRICS, NO_K
from semtok.run.files import atomic_path, read_table

Array = npt.NDArray[np.float64]

OF_RANKS: dict[str, Callable[[Array], Array]] = {"recall": np.ones_like, "ndcg": lambda rank: 1 / np.log2(rank + 1)}
"""What a target earns at a rank of at most k: those of `plan.metrics.METRICS` that need ranks. NDCG's ideal is 1, since
there is one relevant item."""
OF_NDCG: dict[str, Callable[[Array, int], Array]] = {
    "ndcg_defective": lambda dcg, k: np.log2(k + 1) * dcg,
    "beam_dcg": lambda dcg, k: dcg,
}
"""The metrics of `plan.metrics.METRICS` that are made from the DCG over a beam of `DEFECT_BEAM` items (NDCG@20: the
ideal is 1). The first is what STORE prints as NDCG@k (S-I1)."""
COLUMNS = ["target", "user", "item", "rank", "top"]


def read_ranks(path: str | Path) -> pd.DataFrame:
    """A `ranks.parquet`, checked, in order of `target`.

    Raises:
        DataError: columns are missing, a target is there twice, a rank does not agree with the list beside it: a hit
            is a hit on the item, so the item must stand at its rank in `top`, and nowhere in `top` without a rank. A
            rank may lie behind `top` where every target has one: the whole catalogue was ranked.
    """
    try:
        ranks = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as Parquet: {error}") from None
    missing = [column for column in COLUMNS if column not in ranks.columns]
    if missing:
        raise DataError(f"{path}: found columns {', '.join(ranks.columns)}; expected also {', '.join(missing)}")
    if ranks.empty:
        raise DataError(f"{path}: found no targets; expected at least one")
    ranks = ranks.sort_values("target", ignore_index=True)
    twice = ranks.loc[ranks["target"].duplicated(), "target"]
    if len(twice):
        raise DataError(f"{path}: target {twice.iloc[0]} is there twice; expected every target once")
    wrong = _rank_disagrees(ranks)
    if wrong.any():
        row = ranks.iloc[int(wrong.argmax())]
        raise DataError(
            f"{path}: target {row['target']}: found rank {row['rank']} for item {row['item']}; expected the position "
            f"of that item in its list, or none: {[int(item) for item in row['top'][:10]]}..."
        )
    return ranks


def beam_width(ranks: pd.DataFrame) -> int:
    """Items in the longest beam."""
    return int(ranks["top"].map(len).max())


def earned_at(ranks: pd.Series, metric: str, k: int) -> Array:
    """What targets of these ranks (null: not found) earn at k: [targets].

    Recall: 1 if rank <= k. NDCG: 1 / log2(rank + 1) if rank <= k.
    """
    rank = ranks.to_numpy(dtype=np.float64, na_value=np.inf)
    result: Array = np.where(rank <= k, OF_RANKS[metric](rank), 0.0)
    return result


def printed_back(metric: str, printed: float, k: int) -> float:
    """A metric that a paper prints as another (`printed_as`), from the printed number: STORE's DCG over the beam."""
    if METRICS[metric].printed_as != "ndcg_defective":
        raise ConfigError(f"found metric {metric!r}; expected one that is printed as another")
    return float(printed / np.log2(k + 1))


def expected_of_random(metric: str, k: int, n_items: int) -> float:
    """What a target earns on average in a list of all items in random order, where every rank is as likely."""
    if metric in OF_NDCG:
        return float(OF_NDCG[metric](np.array(expected_of_random("ndcg", DEFECT_BEAM, n_items)), k))
    ranks = np.arange(1, min(k, n_items) + 1, dtype=np.float64)
    return float(OF_RANKS[metric](ranks).sum() / n_items)


def check_cutoff(k: int, beam: int) -> None:
    """A `ConfigError` where `beam` items cannot tell what stands among the first k."""
    if not 1 <= k <= beam:
        raise ConfigError(
            f"found k = {k}; expected 1 to {beam}, the beam that was decoded (decoding.beam_size or decoding.top)"
        )


def _rank_disagrees(ranks: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """[targets]: whether the rank is not the position of the item in its list; beyond the list, it is not in there."""
    lengths = ranks["top"].map(len).to_numpy(dtype=np.int64)
    beams = np.concatenate([np.asarray(top, dtype=np.int64) for top in ranks["top"]])
    target = np.repeat(np.arange(len(ranks)), lengths)
    position = np.arange(len(beams)) - np.repeat(np.cumsum(lengths) - lengths, lengths) + 1
    hit = beams == ranks["item"].to_numpy()[target]
    found = np.zeros(len(ranks), dtype=np.int64)
    # Written backwards, so that the first of two equal items in a beam counts.
    found[target[hit][::-1]] = position[hit][::-1]
    rank = ranks["rank"].fillna(0).to_numpy(dtype=np.int64)
    # Who ranks the whole catalogue knows every rank, also behind the list.
    behind = (rank > lengths.max()) & (rank > 0).all()
    result: npt.NDArray[np.bool_] = np.where(behind, 0, rank) != found
    return result


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
