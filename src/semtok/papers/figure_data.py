"""The numbers behind a figure: one row a bar."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from semtok.papers.origin import Origin
from semtok.papers.samples import Measured, Uncertainty
from semtok.papers.statistics import column_of
from semtok.plan.cells import Cell, Run
from semtok.plan.definition import Paper
from semtok.plan.figure_specs import Bar, Figure, Panel
from semtok.plan.printed import Printed

COLUMNS = [
    *("paper", "figure", "panel", "dataset", "source", "group", "series", "tokenizer", "metric", "k"),
    *("printed", "printed_provenance", "mean", "std", "seeds", "ci_low", "ci_high", "targets"),
]


def measure(
    figure: Figure, cells: Sequence[Cell], ranks: Mapping[Run, str | Path], uncertainty: Uncertainty
) -> dict[str, Measured]:
    """The runs of each dataset that has any, by printed name, with the columns of all its panels."""
    found = {}
    for dataset in dict.fromkeys(panel.dataset for panel in figure.panels.values()):
        methods = {cell.tokenizer: cell.runs for cell in cells if cell.dataset == dataset and cell.runs}
        panels = [panel for panel in figure.panels.values() if panel.dataset == dataset]
        columns = dict.fromkeys((metric, k) for panel in panels for metric in panel.metrics for k in panel.ks)
        if methods:
            found[dataset] = Measured(ranks, methods, list(columns), uncertainty)
    return found


def tidy(
    paper: str,
    name: str,
    content: Paper,
    printed: Printed,
    origins: Mapping[str, Origin],
    cells: Sequence[Cell],
    measured: Mapping[str, Measured],
) -> pd.DataFrame:
    """One row a panel, bar, metric and k.

    `printed` is the value that belongs to the bar, `printed_provenance` whether it is from the text or was measured on
    the picture (`digitised`, of use for the shape only). A bar without runs keeps its row: `source` says why.
    """
    rows: list[dict[str, Any]] = []
    figure = content.bar_figure(name)
    for letter, panel in figure.panels.items():
        for bar in panel.bars:
            cell = next(c for c in cells if (c.dataset, c.tokenizer) == (panel.dataset, bar.tokenizer))
            for metric in panel.metrics:
                for k in panel.ks:
                    number = printed.get(name + letter, content.printed_for(panel.dataset), bar.label, metric, k)
                    rows.append(
                        {
                            "paper": paper,
                            "figure": name,
                            "panel": letter,
                            **_bar(panel, bar, metric, k),
                            "printed": number.value if number else None,
                            "printed_provenance": number.provenance if number else "",
                            **_numbers(cell, origins, measured, metric, k),
                        }
                    )
    return pd.DataFrame(rows, columns=COLUMNS).astype({"seeds": "Int64", "targets": "Int64"})


def _bar(panel: Panel, bar: Bar, metric: str, k: int) -> dict[str, Any]:
    return {"dataset": panel.dataset, "group": bar.group or "", "series": bar.series, "metric": metric, "k": k}


def _numbers(
    cell: Cell, origins: Mapping[str, Origin], measured: Mapping[str, Measured], metric: str, k: int
) -> dict[str, Any]:
    if not cell.runs:
        return {"source": f"not run: {cell.missing}", "tokenizer": cell.tokenizer, "seeds": 0}
    runs = measured[cell.dataset]
    method, column = runs.method(cell.tokenizer), runs.column(metric, k)
    estimate = runs.bootstrap.estimate(column_of(method, column))
    return {
        "source": origins[cell.dataset].source,
        "tokenizer": cell.runs[0].tokenizer,
        "mean": estimate.value,
        "std": runs.bootstrap.spread(method, column),
        "seeds": runs.seeds(cell.tokenizer),
        # The noise between seeds is symmetric and may leave the range of a mean of gains.
        "ci_low": max(estimate.low, 0.0),
        "ci_high": min(estimate.high, 1.0),
        "targets": runs.targets,
    }
