"""Curves of what a tokenizer logged while it was trained."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure as Canvas

from semtok.papers import canvas as drawing
from semtok.papers.canvas import COLOURS
from semtok.papers.figures import about
from semtok.papers.history import matching, read_history
from semtok.papers.origin import Origin
from semtok.papers.results import Results
from semtok.plan.cells import Cell, Run
from semtok.plan.figure_specs import Curves, TrainingFigure

COLUMNS = ["paper", "figure", "panel", "dataset", "source", "tokenizer", "seed", "quantity", "step", "value"]


def draw(results: Results) -> tuple[pd.DataFrame, Canvas]:
    """The tidy numbers and a plot a panel; from `history`. Every run is drawn, so that there are no intervals."""
    figure = results.content.training_figure(results.name)
    histories = results.files.get("history", {})
    frame = tidy(results.paper, results.name, figure, results.origins, results.cells, histories)
    notes = [*about(results, [figure.dataset]), *_notes(figure, frame)]
    synthetic = bool((frame["source"] == "synthetic").any())
    title = drawing.title(results.name, figure.caption, figure.dataset)
    canvas, axes = drawing.plots(len(figure.panels), title, notes, synthetic)
    for axis, (letter, curves) in zip(axes, figure.panels.items(), strict=True):
        _panel(axis, letter, curves, frame[frame["panel"] == letter].dropna(subset="value"))
        axis.set_xlabel(figure.step)
    return frame, canvas


def tidy(
    paper: str,
    name: str,
    figure: TrainingFigure,
    origins: Mapping[str, Origin],
    cells: Sequence[Cell],
    histories: Mapping[Run, Path],
) -> pd.DataFrame:
    """One row a panel, run, quantity and step.

    What there is nothing of keeps a row without step and value: `source` says why.
    """
    rows: list[dict[str, Any]] = []
    (cell,) = cells
    for letter, curves in figure.panels.items():
        start = {"paper": paper, "figure": name, "panel": letter, "dataset": figure.dataset}
        if not cell.runs:
            reason = f"not run: {cell.missing}"
            rows.append({**start, "source": reason, "tokenizer": cell.tokenizer, "quantity": "", "seed": None})
        for run in cell.runs:
            here = {**start, "source": origins[figure.dataset].source, "tokenizer": run.tokenizer, "seed": run.seed}
            history = read_history(histories[run], figure.step)
            names = matching(history, curves.columns)
            for quantity in names:
                known = history[[figure.step, quantity]].dropna()
                points = zip(known[figure.step], known[quantity], strict=True)
                rows += [{**here, "quantity": quantity, "step": step, "value": value} for step, value in points]
            if not names:
                reason = f"not logged: the history has no {figure.step} with {' or '.join(curves.columns)}"
                rows.append({**here, "source": reason, "quantity": ""})
    return pd.DataFrame(rows, columns=COLUMNS).astype({"seed": "Int64"})


def _panel(axis: Any, letter: str, curves: Curves, frame: pd.DataFrame) -> None:
    for colour, (quantity, values) in enumerate(frame.groupby("quantity", sort=False)):
        # A line a seed, in one colour: the spread between them shows without a model of it.
        for i, (_, run) in enumerate(values.groupby("seed", sort=False)):
            label = str(quantity).replace("_", " ") if i == 0 else None
            axis.plot(run["step"], run["value"], color=COLOURS[colour % len(COLOURS)], linewidth=1.1, label=label)
    axis.set_title(f"({letter}) {curves.title}", fontsize=9)
    axis.grid(linewidth=0.4, color="#cccccc")
    if frame.empty:
        axis.text(0.5, 0.5, "nothing to show", transform=axis.transAxes, ha="center", fontsize=9)
    else:
        axis.legend(fontsize=7.5, frameon=False)


def _notes(figure: TrainingFigure, frame: pd.DataFrame) -> list[str]:
    missing = frame[frame["value"].isna()]
    seeds = frame.dropna(subset="value")["seed"].nunique()
    notes = [f"A line a seed ({seeds})."] if seeds > 1 else []
    notes += [f"({row.panel}) {row.source}." for row in missing.drop_duplicates(["panel", "source"]).itertuples()]
    return [*notes, figure.note] if figure.note else notes
