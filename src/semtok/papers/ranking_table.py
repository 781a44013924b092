"""A paper's table of metrics: printed beside reproduced."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from semtok.papers.origin import describe, heading, stand_in
from semtok.papers.rendering import Grid, Text
from semtok.papers.results import Results
from semtok.papers.samples import Measured, Uncertainty
from semtok.papers.statistics import Estimate, column_of, relative_gain
from semtok.plan.cells import Cell, Run, remarks
from semtok.plan.definition import Gain, RankingTable, Row
from semtok.plan.figure_specs import METRIC_NAMES
from semtok.plan.printed import Number

COLUMNS = [
    *("paper", "table", "dataset", "source", "method", "metric", "k"),
    *("printed", "mean", "std", "seeds", "ci_low", "ci_high", "targets"),
]


@dataclass(frozen=True)
class MeasuredResults(Results):
    """What a ranking table is made of."""

    measured: Mapping[str, Measured]
    """By printed name of the dataset; none where the config has no run."""

    @classmethod
    def of(cls, results: Results, measured: Mapping[str, Measured]) -> "MeasuredResults":  # type: ignore[override]
        """The same results, their ranks measured."""
        return cls(**vars(results), measured=measured)

    @property
    def table(self) -> RankingTable:
        """What is shown."""
        return self.content.ranking_table(self.name)

    def cell(self, dataset: str, tokenizer: str) -> Cell:
        """The cell of a row."""
        return next(cell for cell in self.cells if (cell.dataset, cell.tokenizer) == (dataset, tokenizer))

    def number(self, dataset: str, method: str, metric: str, k: int) -> Number | None:
        """The printed number; for a stand-in that of the dataset which it stands for."""
        return self.printed.get(self.name, self.content.printed_for(dataset), method, metric, k)

    def missing(self, dataset: str, tokenizer: str, k: int) -> str:
        """Why there is no reproduced number; empty where there is one."""
        cell = self.cell(dataset, tokenizer)
        if not cell.runs:
            return f"not run: {cell.missing}"
        beam = self.measured[dataset].beam(tokenizer)
        return f"not measured: beam {beam} < {k}" if k > beam else ""

    def estimate(self, dataset: str, tokenizer: str, metric: str, k: int) -> Estimate | None:
        """The reproduced number; None if there are no runs, or if their beams do not reach k."""
        if self.missing(dataset, tokenizer, k):
            return None
        measured = self.measured[dataset]
        found = measured.bootstrap.estimate(column_of(measured.method(tokenizer), measured.column(metric, k)))
        # The noise between seeds is symmetric and may leave the range of a mean of gains.
        return replace(found, low=max(found.low, 0.0), high=min(found.high, 1.0))


def measure(
    table: RankingTable, cells: Sequence[Cell], ranks: Mapping[Run, str | Path], uncertainty: Uncertainty
) -> dict[str, Measured]:
    """The runs of each dataset that has any, by printed name."""
    columns = [(metric, k) for metric in table.metrics for k in table.ks]
    found = {}
    for dataset in table.datasets:
        methods = {cell.tokenizer: cell.runs for cell in cells if cell.dataset == dataset and cell.runs}
        if methods:
            found[dataset] = Measured(ranks, methods, columns, uncertainty, table.optional_ks)
    return found


def tidy(results: MeasuredResults) -> pd.DataFrame:
    """One row a dataset, method, metric and k; metrics as fractions.

    A cell without runs, or with a k beyond their beams, keeps its row: its `source` says why, its numbers are empty,
    its `seeds` are 0.
    """
    rows: list[dict[str, Any]] = []
    table = results.table
    for dataset in table.datasets:
        for row in table.rows_on(dataset):
            cell = results.cell(dataset, row.tokenizer)
            for metric in table.metrics:
                for k in table.ks:
                    number = results.number(dataset, row.label, metric, k)
                    rows.append(
                        {
                            "paper": results.paper,
                            "table": results.name,
                            "dataset": dataset,
                            "method": row.label,
                            "metric": metric,
                            "k": k,
                            "printed": number.value if number else None,
                            **_numbers(results, cell, metric, k),
                        }
                    )
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.astype({"seeds": "Int64", "targets": "Int64"})


def grids(results: MeasuredResults) -> list[Grid]:
    """The layout of the paper, one grid per block: a row for each method and metric, and for each k both numbers."""
    blocks = results.table.blocks or [results.table.datasets]
    caption = f"Table {results.name.removeprefix('table')}: {results.table.caption}"
    found = []
    for i, datasets in enumerate(blocks):
        title = caption if len(blocks) == 1 else f"{caption.removesuffix('.')}: {', '.join(datasets)}."
        found.append(_grid(results, title, datasets, _notes(results) if i == len(blocks) - 1 else []))
    return found


def _grid(results: MeasuredResults, caption: str, datasets: Sequence[str], notes: list[str]) -> Grid:
    table, about = results.table, results.content.about
    many = len(datasets) > 1
    columns: list[tuple[str, ...]] = [("", "", "Methods"), ("", "", "Metrics")]
    for dataset in datasets:
        ours = heading({results.origins[dataset].source} if dataset in results.measured else set())
        # Who reads one column of a stand-in must see that the two numbers are of two datasets.
        original = about(dataset).stands_for
        paper = f"paper, {original}" if original else "paper"
        ours = f"{ours}, {about(dataset).runs_on}" if original else ours
        above = dataset if many or original else ""
        columns += [(above, f"@{k}", column) for k in table.ks for column in (paper, ours)]
    rows: list[list[Text]] = []
    rules: list[int] = []
    for row in [row for row in table.rows if any(map(row.stands_on, datasets))]:
        rules.append(len(rows))
        for i, metric in enumerate(table.metrics):
            line = [Text(row.label if i == 0 else "", latex=row.latex if i == 0 else ""), Text(METRIC_NAMES[metric])]
            for dataset in datasets:
                for k in table.ks:
                    line += _pair(results, dataset, row, metric, k)
            rows.append(line)
    for gain in table.gains:
        rules.append(len(rows))
        for i, metric in enumerate(table.metrics):
            line = [Text(gain.label if i == 0 else ""), Text(METRIC_NAMES[metric])]
            for dataset in datasets:
                for k in table.ks:
                    line += _gain_pair(results, dataset, gain, metric, k)
            rows.append(line)
    return Grid(caption, columns, rows, 2, rules, _warning(results, datasets), notes)


def _warning(results: MeasuredResults, datasets: Sequence[str]) -> str:
    about = results.content.about
    synthetic = [d for d in datasets if d in results.measured and results.origins[d].source == "synthetic"]
    parts = [f"Synthetic data stand for {' and '.join(synthetic)}: not the paper's numbers."] if synthetic else []
    return " ".join([*parts, *(stand_in(about(d)) for d in datasets if about(d).stands_for)])


def _numbers(results: MeasuredResults, cell: Cell, metric: str, k: int) -> dict[str, Any]:
    estimate = results.estimate(cell.dataset, cell.tokenizer, metric, k)
    if estimate is None:
        return {"source": results.missing(cell.dataset, cell.tokenizer, k), "seeds": 0}
    measured = results.measured[cell.dataset]
    return {
        "source": results.origins[cell.dataset].source,
        "mean": estimate.value,
        "std": measured.bootstrap.spread(measured.method(cell.tokenizer), measured.column(metric, k)),
        "seeds": measured.seeds(cell.tokenizer),
        "ci_low": estimate.low,
        "ci_high": estimate.high,
        "targets": measured.targets,
    }


def _pair(results: MeasuredResults, dataset: str, row: Row, metric: str, k: int) -> list[Text]:
    if not row.stands_on(dataset):
        return [Text(""), Text("")]
    rows = results.table.rows_on(dataset)
    number = results.number(dataset, row.label, metric, k)
    others = [results.number(dataset, row.label, metric, k) for row in rows]
    printed = Text(
        f"{number.value:.4f}" if number else "—",
        bold=number is not None and number.value == max(other.value for other in others if other),
    )
    estimate = results.estimate(dataset, row.tokenizer, metric, k)
    if estimate is None:
        return [printed, Text("—")]
    ours = [results.estimate(dataset, row.tokenizer, metric, k) for row in rows]
    best = max(other.value for other in ours if other)
    interval = f"[{estimate.low:.4f}, {estimate.high:.4f}]"
    return [printed, Text(f"{estimate.value:.4f}", interval, bold=estimate.value == best)]


def _gain_pair(results: MeasuredResults, dataset: str, gain: Gain, metric: str, k: int) -> list[Text]:
    number = results.number(dataset, gain.label, metric, k)
    printed = Text(f"{number.value:.2f}%" if number else "—")
    better, worse = (_best(results, dataset, names, metric, k) for names in (gain.of, gain.over))
    if better is None or worse is None:
        return [printed, Text("—")]
    measured = results.measured[dataset]
    statistic = relative_gain(measured.method(better), measured.method(worse), [measured.column(metric, k)])
    estimate = measured.bootstrap.estimate(statistic)
    if not math.isfinite(estimate.value):
        return [printed, Text("—")]
    return [printed, Text(f"{estimate.value:+.2f}%", f"[{estimate.low:+.1f}, {estimate.high:+.1f}]")]


def _best(results: MeasuredResults, dataset: str, names: Sequence[str], metric: str, k: int) -> str | None:
    """The method with the highest mean; None if none of them was run."""
    values = {name: results.estimate(dataset, name, metric, k) for name in names}
    present = {name: estimate.value for name, estimate in values.items() if estimate}
    return max(present, key=lambda name: present[name]) if present else None


def _notes(results: MeasuredResults) -> list[str]:
    notes = []
    for dataset, measured in results.measured.items():
        users = results.printed.get("table1", results.content.runs_on(dataset), "", "users")
        about = describe(dataset, results.origins[dataset], users.value if users else None)
        seeds = sorted(
            {measured.seeds(cell.tokenizer) for cell in results.cells if cell.dataset == dataset and cell.runs}
        )
        notes.append(f"{about} {measured.targets:,} test targets, {_seeds(seeds)}.")
    notes.append(
        f"Ours: mean over seeds, in brackets the {results.uncertainty.confidence:.0%} interval over users"
        " (resampled) and seeds; bold is the best of a column."
    )
    if any(measured.seeds(cell.tokenizer) == 1 for cell, measured in _built(results)):
        notes.append("With one seed the interval does not hold the noise of training.")
    for dataset in results.table.datasets:
        about = results.content.about(dataset).note
        notes += [f"{dataset}: {about}"] if about else []
    notes += [f"{row.label}: {row.note}" for row in results.table.rows if row.note]
    for gain in results.table.gains:
        of, over = ("the best of " + ", ".join(n) if len(n) > 1 else n[0] for n in (gain.of, gain.over))
        notes.append(f"{gain.label}: {of} over {over}, in percent.")
    if "recovered_secondary" in results.printed.provenances(results.name):
        notes.append("Printed numbers: from a third party's transcription of the paper; the original cells are lost.")
    return [*notes, *remarks(results.cells), *_missing(results)]


def _missing(results: MeasuredResults) -> list[str]:
    """Why cells are empty, each reason with the rows that it leaves empty unless it is about whole datasets."""
    labels = {row.tokenizer: row.label for row in results.table.rows}
    narrow = {
        f"Not measured: beam {measured.beam(cell.tokenizer)} < {k}."
        for cell, measured in _built(results)
        for k in results.table.ks
        if k > measured.beam(cell.tokenizer)
    }
    by_reason: dict[str, list[str]] = {}
    for cell in results.cells:
        if not cell.runs:
            by_reason.setdefault(cell.missing, []).append(labels[cell.tokenizer])
    few = len(results.table.rows) > 1
    reasons = [
        f"Not run: {reason}." if len(set(names)) > 1 or not few else f"Not run: {names[0]}, {reason}."
        for reason, names in by_reason.items()
    ]
    return [*reasons, *sorted(narrow)]


def _built(results: MeasuredResults) -> list[tuple[Cell, Measured]]:
    return [(cell, results.measured[cell.dataset]) for cell in results.cells if cell.runs]


def _seeds(counts: Sequence[int]) -> str:
    text = " or ".join(map(str, counts))
    return "1 seed" if text == "1" else f"{text} seeds"
