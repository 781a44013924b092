"""Runs over the same users, measured: the numbers of a table of metrics and of a figure of bars."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from semtok.errors import DataError
from semtok.papers.metrics import UserMetrics, read_metrics, untrained_metrics
from semtok.papers.rendering import Text, written
from semtok.papers.results import Results
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
from semtok.plan.cells import Cell, Run
from semtok.plan.metrics import METRICS
from semtok.plan.paths import Paths, trained_as
from semtok.plan.untrained import kind_of

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


COLUMNS = [
    *("paper", "table", "dataset", "source", "method", "kind", "metric", "k"),
    *("printed", "mean", "std", "seeds", "ci_low", "ci_high", "targets"),
]
"""Of the tidy numbers of a table of metrics."""


class MeasuredResults:
    """What an exhibit is made from, and its runs measured on the datasets that it shows.

    Args:
        results: with the `metrics` of the runs.
        columns: by printed name of a dataset, metric and k of all that is shown of it.
        optional_ks: k for which a narrower beam has no number.

    Raises:
        ConfigError: another k is wider than the beam.
        DataError: two runs on a dataset were tested on different targets.
    """

    def __init__(self, results: Results, columns: Mapping[str, Columns], optional_ks: Collection[int] = ()) -> None:
        self.results = results
        self.by_dataset: dict[str, Measured] = {}
        """By printed name; none where the config has no run."""
        metrics = results.files.get("metrics", {})
        for dataset, shown in columns.items():
            methods = {cell.tokenizer: cell.runs for cell in results.cells if cell.dataset == dataset and cell.runs}
            if methods:
                self.by_dataset[dataset] = Measured(metrics, methods, shown, results.uncertainty, optional_ks)

    def cell(self, dataset: str, tokenizer: str) -> Cell:
        """The cell of a row or bar."""
        return next(c for c in self.results.cells if (c.dataset, c.tokenizer) == (dataset, tokenizer))

    def missing(self, cell: Cell, k: int) -> str:
        """Why there is no reproduced number; empty where there is one."""
        if not cell.runs:
            return f"not run: {cell.missing}"
        beam = self.by_dataset[cell.dataset].beam(cell.tokenizer)
        return f"not measured: beam {beam} < {k}" if k > beam else ""

    def numbers(self, cell: Cell, metric: str, k: int) -> dict[str, Any]:
        """What a tidy row tells of the runs, from `source` to `targets`; where there are none, `source` says why."""
        if missing := self.missing(cell, k):
            return {"source": missing, "seeds": 0}
        measured = self.by_dataset[cell.dataset]
        estimate = measured.bootstrap.estimate(measured.mean(cell.tokenizer, (metric, k)))
        return {
            "source": self.results.origins[cell.dataset].source,
            "mean": estimate.value,
            "std": measured.std(cell.tokenizer, (metric, k)),
            "seeds": len(cell.runs),
            # The noise between seeds is symmetric and may leave the range of a mean of gains.
            "ci_low": max(estimate.low, 0.0),
            "ci_high": min(estimate.high, METRICS[metric].highest),
            "targets": measured.targets,
        }


class MeasuredTable(MeasuredResults):
    """A table of metrics and what stands in it.

    Args:
        results: with the `metrics` of the runs.
        rows: by printed name of a dataset, its rows, name to label.
        shown: metric and k of each column.
        optional_ks: as of `MeasuredResults`.

    Raises:
        ConfigError, DataError: as `MeasuredResults`.
    """

    def __init__(
        self,
        results: Results,
        rows: Mapping[str, Mapping[str, str]],
        shown: Columns,
        optional_ks: Collection[int] = (),
    ) -> None:
        # The pooled AUC is no mean over users, so that no run has it user by user.
        columns = [column for column in shown if column[0] in METRICS]
        super().__init__(results, dict.fromkeys(rows, columns), optional_ks)
        self.entries: dict[tuple[str, str, str, int], dict[str, Any]] = {
            (dataset, name, metric, k): {
                **results.keys(dataset),
                "method": label,
                "kind": kind_of(name),
                "metric": metric,
                "k": k or None,
                "printed": self.printed(dataset, label, metric, k),
                **self.numbers(self.cell(dataset, name), metric, k),
            }
            for dataset, labels in rows.items()
            for name, label in labels.items()
            for metric, k in shown
        }
        """The tidy rows, by dataset, name of the row, metric and k."""

    def printed(self, dataset: str, label: str, metric: str, k: int) -> float | None:
        """The printed number; for a stand-in that of the dataset which it stands for."""
        place = (self.results.name, self.results.content.printed_for(dataset), label)
        number = self.results.printed.get(*place, metric, k)
        return number.value if number else None

    def pair(self, dataset: str, name: str, metric: str, k: int) -> tuple[Text, Text]:
        """The printed number, and ours with its interval."""
        entry = self.entries[dataset, name, metric, k]
        interval = f"[{entry['ci_low']:.4f}, {entry['ci_high']:.4f}]" if "mean" in entry else ""
        return Text(written(entry["printed"], ".4f")), Text(written(entry.get("mean"), ".4f"), interval)

    def tidy(self, below: Iterable[Mapping[str, Any]] = ()) -> pd.DataFrame:
        """One row a dataset, method, metric and k, metrics as fractions; then those `below`.

        A cell without runs, or with a k beyond their beams, keeps its row: its `source` says why, its numbers are
        empty, its `seeds` are 0.
        """
        frame = pd.DataFrame([*self.entries.values(), *below], columns=COLUMNS)
        return frame.astype({"k": "Int64", "seeds": "Int64", "targets": "Int64"})
