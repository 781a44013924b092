"""Runs and their metrics to samples of users."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from semtok.errors import DataError
from semtok.papers.statistics import (
    Array,
    Bootstrap,
    Sample,
    Statistic,
    Uncertainty,
    column_of,
    difference,
    relative_gain,
)
from semtok.papers.user_metrics import UserMetrics, read_metrics, untrained_metrics
from semtok.plan.cells import Run
from semtok.plan.paths import Paths, trained_as

Column = tuple[str, int]
"""Metric and k."""
Columns = Sequence[Column]


class Measured:
    """The runs of one dataset, method by method, over the same targets.

    Args:
        metrics: `metrics.parquet` of each run, `untrained.parquet` of its dataset for one that nobody trains.
        methods: each method's runs, one a seed.
        columns: metric and k of each column.
        uncertainty: how intervals are made.
        optional_ks: k for which a narrower beam has no number, instead of raising.

    Raises:
        DataError: two runs were tested on different targets.
    """

    def __init__(
        self,
        metrics: Mapping[Run, str | Path],
        methods: Mapping[str, Sequence[Run]],
        columns: Columns,
        uncertainty: Uncertainty,
        optional_ks: Collection[int] = (),
    ) -> None:
        self.columns = list(columns)
        self._methods = list(methods)
        # Variants that resolve to one entry share its runs.
        ks = sorted({k for _, k in columns})
        read = _read(metrics, (run for runs in methods.values() for run in runs), ks)
        self._beams = {method: min(read[run].beam for run in runs) for method, runs in methods.items()}
        samples = [
            Sample(
                np.stack([_earned(read[run], self.columns, optional_ks) for run in runs]),
                read[runs[0]].targets,
                tuple(trained_as(Paths().run, asdict(run)) for run in runs),
            )
            for runs in methods.values()
        ]
        self.targets = int(samples[0].targets.sum())
        self.users = len(samples[0].targets)
        self.bootstrap = Bootstrap(samples, uncertainty)

    def mean(self, name: str, column: Column) -> Statistic:
        """One method's metric."""
        return column_of(*self._place(name, column))

    def std(self, name: str, column: Column) -> float:
        """Of its means over seeds; NaN for a single seed."""
        return self.bootstrap.std(*self._place(name, column))

    def difference(self, higher: str, lower: str, column: Column) -> Statistic:
        """By how much one method's metric is above the other's."""
        return difference(self._methods.index(higher), *self._place(lower, column))

    def gain(self, better: str, worse: str, columns: Columns) -> Statistic:
        """One method's improvement over the other in percent, averaged over `columns`."""
        places = [self.columns.index(column) for column in columns]
        return relative_gain(self._methods.index(better), self._methods.index(worse), places)

    def _place(self, name: str, column: Column) -> tuple[int, int]:
        """In the bootstrap's statistics."""
        return self._methods.index(name), self.columns.index(column)

    def beam(self, name: str) -> int:
        """How many items were ranked for a target, in the method's narrowest run."""
        return self._beams[name]


def _read(metrics: Mapping[Run, str | Path], runs: Iterable[Run], ks: Sequence[int]) -> dict[Run, UserMetrics]:
    """Each run's metrics, read once; all over the same targets."""
    found: dict[Run, UserMetrics] = {}
    for run in runs:
        if run not in found:
            path = metrics[run]
            found[run] = untrained_metrics(path, run.recommender, ks) if run.is_untrained else read_metrics(path)
        first = next(iter(found))
        if found[run].checksum != found[first].checksum:
            raise DataError(
                f"{metrics[run]}: found other targets than in {metrics[first]}; expected the same for a comparison"
            )
    return found


def _earned(found: UserMetrics, columns: Columns, optional_ks: Collection[int]) -> Array:
    """[users, columns]; undefined for an optional k that the beam does not reach, which disturbs no other."""
    blank = np.full(len(found.users), np.nan)
    return np.stack(
        [blank if k > found.beam and k in optional_ks else found.column(metric, k) for metric, k in columns], axis=1
    )
