"""Results whose runs are measured: the numbers of a table of metrics and of a figure of bars."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import pandas as pd

from semtok.papers.rendering import Text, written
from semtok.papers.results import Results
from semtok.papers.samples import Columns, Measured
from semtok.plan.cells import Cell
from semtok.plan.metrics import METRICS
from semtok.plan.untrained import kind_of

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
