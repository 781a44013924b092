"""Curves of what a tokenizer logged while it was trained."""

from functools import partial
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from semtok.papers.figures.canvas import COLOURS, Drawing, label_ends
from semtok.papers.history import matching, read_history
from semtok.papers.results import Results
from semtok.plan.figure_specs import TrainingFigure

COLUMNS = ["paper", "figure", "panel", "dataset", "source", "tokenizer", "seed", "quantity", "step", "value"]


def draw(results: Results) -> Drawing:
    """A plot for each panel; from `history`. Every run is drawn, so that there are no intervals."""
    figure = results.spec(TrainingFigure)
    frame = _tidy(results, figure)
    panels = [partial(_panel, figure, letter, frame[frame["panel"] == letter]) for letter in figure.panels]
    return Drawing(frame, panels, [figure.dataset], _notes(figure, frame))


def _tidy(results: Results, figure: TrainingFigure) -> pd.DataFrame:
    """One row a panel, run, quantity and step.

    What there is nothing of keeps a row without step and value: `source` says why.
    """
    rows: list[dict[str, Any]] = []
    (cell,) = results.cells
    for letter, curves in figure.panels.items():
        start = {**results.keys(figure.dataset), "panel": letter}
        if not cell.runs:
            reason = f"not run: {cell.missing}"
            rows.append({**start, "source": reason, "tokenizer": cell.tokenizer, "quantity": "", "seed": None})
        for run in cell.runs:
            source = results.origins[figure.dataset].source
            here = {**start, "source": source, "tokenizer": run.tokenizer, "seed": run.seed}
            history = read_history(results.files["history"][run], figure.step)
            names = matching(history, curves.columns)
            for quantity in names:
                known = history[[figure.step, quantity]].dropna()
                points = zip(known[figure.step], known[quantity], strict=True)
                rows += [{**here, "quantity": quantity, "step": step, "value": value} for step, value in points]
            if not names:
                reason = f"not logged: the history has no {figure.step} with {' or '.join(curves.columns)}"
                rows.append({**here, "source": reason, "quantity": ""})
    return pd.DataFrame(rows, columns=COLUMNS).astype({"seed": "Int64"})


def _panel(figure: TrainingFigure, letter: str, frame: pd.DataFrame, axis: Axes) -> None:
    frame = frame.dropna(subset="value")
    ends = {}
    for number, (quantity, values) in enumerate(frame.groupby("quantity", sort=False)):
        colour = COLOURS[number % len(COLOURS)]
        # A line a seed, in one colour: how far they lie from each other shows without a model of it.
        for _, run in values.groupby("seed", sort=False):
            axis.plot(run["step"], run["value"], color=colour, linewidth=1.1)
        ends[str(quantity).replace("_", " ")] = (float(values.groupby("seed")["value"].last().mean()), colour)
    axis.set_title(f"({letter}) {figure.panels[letter].title}", fontsize=9)
    axis.set_xlabel(figure.step)
    axis.grid(linewidth=0.4, color="#cccccc")
    axis.margins(x=0.02)
    if frame.empty:
        axis.text(0.5, 0.5, "nothing to show", transform=axis.transAxes, ha="center", fontsize=9)
    else:
        label_ends(axis, ends)


def _notes(figure: TrainingFigure, frame: pd.DataFrame) -> list[str]:
    missing = frame[frame["value"].isna()]
    seeds = frame.dropna(subset="value")["seed"].nunique()
    notes = [f"A line a seed ({seeds})."] if seeds > 1 else []
    notes += [f"({row.panel}) {row.source}." for row in missing.drop_duplicates(["panel", "source"]).itertuples()]
    return [*notes, figure.note] if figure.note else notes
