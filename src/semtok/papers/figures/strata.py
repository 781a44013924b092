"""A table's Recall by strata: a row a method, a column a stratum, and a plot a dataset."""

from collections.abc import Callable, Container, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from semtok.papers.figures import canvas
from semtok.papers.quantities import MARKED, UNCERTIFIED
from semtok.papers.results import Results
from semtok.papers.strata import HAD_BEFORE, RECENT, tidy
from semtok.plan.table_specs import RankingTable

_HEIGHT_OF_A_ROW = 0.19
"""Inches."""


def make_strata(results: Results, csv: Path, files: Sequence[Path]) -> None:
    """Write the Recall by strata of a table of rankings: tidy numbers, and for one k the rest (`canvas.write`)."""
    frame = tidy(results)
    k = 10 if 10 in set(frame["k"]) else max(frame["k"], default=0)
    shown = frame[frame["k"] == k]
    by_dataset = {str(dataset): part for dataset, part in shown.groupby("dataset", sort=False)}
    labels = results.spec(RankingTable).labels
    marked = {(dataset, labels[row]) for dataset, row in results.uncertified}
    panels: list[Callable[[Axes], None]] = [partial(_panel, marked, *one) for one in by_dataset.items()] or [_nothing]
    tallest = max((part["method"].nunique() for part in by_dataset.values()), default=1)
    notes = [
        *(results.describe(dataset) for dataset in by_dataset),
        "By how often train holds the target (never, and quarters of the others), and by whether the user had it among "
        f"the last {RECENT} interactions, earlier or never. In brackets, the share of the targets.",
        "Below the line: what nobody trained. Darker is better, of the methods of a column.",
    ]
    notes += [MARKED] * bool(marked)
    title = f"{results.title}: Recall@{k} by strata. {results.spec(RankingTable).caption}"
    drawing = canvas.Drawing(frame, panels, list(by_dataset), notes)
    canvas.write(title, drawing, csv, files, panel=(6.5, 0.9 + _HEIGHT_OF_A_ROW * tallest), beside=1)


def _nothing(axis: Axes) -> None:
    axis.set_axis_off()
    axis.text(0.5, 0.5, "nothing was run", transform=axis.transAxes, ha="center", fontsize=9)


def _panel(marked: Container[tuple[str, str]], dataset: str, frame: pd.DataFrame, axis: Axes) -> None:
    methods = frame[["method", "kind"]].drop_duplicates()
    strata = frame[["by", "stratum", "share"]].drop_duplicates()
    values = frame["mean"].to_numpy().reshape(len(methods), len(strata))
    # A bound is no method: the oracle would leave the others pale.
    most = values[methods["kind"] != "control"].max(axis=0, initial=1e-9)
    axis.imshow((values / most).clip(max=1), cmap="Blues", vmin=0, vmax=2, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        axis.text(column, row, f"{value:.3f}", ha="center", va="center", fontsize=7)
    names = [f"{name}\n({share:.2f})" for name, share in zip(strata["stratum"], strata["share"], strict=True)]
    axis.set_xticks(range(len(names)), names, fontsize=7)
    names = [name + UNCERTIFIED * ((dataset, name) in marked) for name in methods["method"]]
    axis.set_yticks(range(len(methods)), names, fontsize=7)
    axis.tick_params(length=0)
    for by, part in strata.reset_index(drop=True).groupby("by", sort=False):
        axis.text(part.index.to_numpy().mean(), -0.7, str(by), ha="center", va="bottom", fontsize=8)
    axis.axvline((strata["by"] != HAD_BEFORE).sum() - 0.5, color="white", linewidth=4)
    axis.axhline((methods["kind"] == "trained").sum() - 0.5, color="#333333", linewidth=0.8)
    axis.set_title(dataset, fontsize=9, pad=16)
