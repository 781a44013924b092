"""A paper's table of metrics: printed beside reproduced."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from semtok.papers.definition import Gain, RankingTable
from semtok.papers.origin import Origin, describe, heading
from semtok.papers.plan import Cell, Run
from semtok.papers.printed import Number, Printed
from semtok.papers.rendering import Grid, Text
from semtok.papers.samples import Measured, Uncertainty
from semtok.papers.statistics import Estimate, column_of, relative_gain

COLUMNS = [
    *("paper", "table", "dataset", "source", "method", "metric", "k"),
    *("printed", "mean", "std", "seeds", "ci_low", "ci_high", "targets"),
]
_NAMES = {"ndcg": "NDCG", "recall": "Recall"}


@dataclass(frozen=True)
class Results:
    """What a ranking table is made of."""

    paper: str
    name: str
    table: RankingTable
    printed: Printed
    origins: Mapping[str, Origin]
    """By printed name of the dataset."""
    cells: Sequence[Cell]
    measured: Mapping[str, Measured]
    """By printed name of the dataset; none where the config has no run."""
    confidence: float

    def cell(self, dataset: str, tokenizer: str) -> Cell:
        """The cell of a row."""
        return next(cell for cell in self.cells if (cell.dataset, cell.tokenizer) == (dataset, tokenizer))

    def number(self, dataset: str, method: str, metric: str, k: int) -> Number | None:
        """The printed number."""
        return self.printed.get(self.name, dataset, method, metric, k)

    def estimate(self, dataset: str, tokenizer: str, metric: str, k: int) -> Estimate | None:
        """The reproduced number; None if there are no runs."""
        if not self.cell(dataset, tokenizer).runs:
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
            found[dataset] = Measured(ranks, methods, columns, uncertainty)
    return found


def tidy(results: Results) -> pd.DataFrame:
    """One row a dataset, method, metric and k; metrics as fractions.

    A cell without runs keeps its row: its `source` says why, its numbers are empty, its `seeds` are 0.
    """
    rows: list[dict[str, Any]] = []
    table = results.table
    for dataset in table.datasets:
        for row in table.rows:
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


def grid(results: Results) -> Grid:
    """The paper's layout: a row a method and metric, and for each k the printed and the reproduced number."""
    table = results.table
    many = len(table.datasets) > 1
    columns: list[tuple[str, ...]] = [("", "", "Methods"), ("", "", "Metrics")]
    for dataset in table.datasets:
        ours = heading({results.origins[dataset].source} if dataset in results.measured else set())
        above = dataset if many else ""
        columns += [(above, f"@{k}", column) for k in table.ks for column in ("paper", ours)]
    rows: list[list[Text]] = []
    rules: list[int] = []
    for row in table.rows:
        rules.append(len(rows))
        for i, metric in enumerate(table.metrics):
            line = [Text(row.label if i == 0 else "", latex=row.latex if i == 0 else ""), Text(_NAMES[metric])]
            for dataset in table.datasets:
                for k in table.ks:
                    line += _pair(results, dataset, row.label, row.tokenizer, metric, k)
            rows.append(line)
    for gain in table.gains:
        rules.append(len(rows))
        for i, metric in enumerate(table.metrics):
            line = [Text(gain.label if i == 0 else ""), Text(_NAMES[metric])]
            for dataset in table.datasets:
                for k in table.ks:
                    line += _gain_pair(results, dataset, gain, metric, k)
            rows.append(line)
    synthetic = [d for d in results.measured if results.origins[d].source == "synthetic"]
    warning = f"Synthetic data stand for {' and '.join(synthetic)}: not the paper's numbers." if synthetic else ""
    caption = f"Table {results.name.removeprefix('table')}: {table.caption}"
    return Grid(caption, columns, rows, 2, rules, warning, _notes(results))


def _numbers(results: Results, cell: Cell, metric: str, k: int) -> dict[str, Any]:
    estimate = results.estimate(cell.dataset, cell.tokenizer, metric, k)
    if estimate is None:
        return {"source": f"not run: {cell.missing}", "seeds": 0}
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


def _pair(results: Results, dataset: str, label: str, tokenizer: str, metric: str, k: int) -> list[Text]:
    rows = results.table.rows
    number = results.number(dataset, label, metric, k)
    others = [results.number(dataset, row.label, metric, k) for row in rows]
    printed = Text(
        f"{number.value:.4f}" if number else "—",
        bold=number is not None and number.value == max(other.value for other in others if other),
    )
    estimate = results.estimate(dataset, tokenizer, metric, k)
    if estimate is None:
        return [printed, Text("—")]
    ours = [results.estimate(dataset, row.tokenizer, metric, k) for row in rows]
    best = max(other.value for other in ours if other)
    interval = f"[{estimate.low:.4f}, {estimate.high:.4f}]"
    return [printed, Text(f"{estimate.value:.4f}", interval, bold=estimate.value == best)]


def _gain_pair(results: Results, dataset: str, gain: Gain, metric: str, k: int) -> list[Text]:
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


def _best(results: Results, dataset: str, names: Sequence[str], metric: str, k: int) -> str | None:
    """The method with the highest mean; None if none of them was run."""
    values = {name: results.estimate(dataset, name, metric, k) for name in names}
    present = {name: estimate.value for name, estimate in values.items() if estimate}
    return max(present, key=lambda name: present[name]) if present else None


def _notes(results: Results) -> list[str]:
    notes = []
    for dataset, measured in results.measured.items():
        users = results.printed.get("table1", dataset, "", "users")
        about = describe(dataset, results.origins[dataset], users.value if users else None)
        seeds = sorted(
            {measured.seeds(cell.tokenizer) for cell in results.cells if cell.dataset == dataset and cell.runs}
        )
        notes.append(f"{about} {measured.targets:,} test targets, {_seeds(seeds)}.")
    notes.append(
        f"Ours: mean over seeds, in brackets the {results.confidence:.0%} interval over users"
        " (resampled) and seeds; bold is the best of a column."
    )
    if any(measured.seeds(cell.tokenizer) == 1 for cell, measured in _built(results)):
        notes.append("With one seed the interval does not hold the noise of training.")
    for gain in results.table.gains:
        of, over = ("the best of " + ", ".join(n) if len(n) > 1 else n[0] for n in (gain.of, gain.over))
        notes.append(f"{gain.label}: {of} over {over}, in percent.")
    if "recovered_secondary" in results.printed.provenances(results.name):
        notes.append("Printed numbers: from a third party's transcription of the paper; the original cells are lost.")
    missing = dict.fromkeys(f"Not run: {cell.missing}." for cell in results.cells if not cell.runs)
    return [*notes, *missing]


def _built(results: Results) -> list[tuple[Cell, Measured]]:
    return [(cell, results.measured[cell.dataset]) for cell in results.cells if cell.runs]


def _seeds(counts: Sequence[int]) -> str:
    text = " or ".join(map(str, counts))
    return "1 seed" if text == "1" else f"{text} seeds"
