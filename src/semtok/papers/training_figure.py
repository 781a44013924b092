"""Curves of what a tokenizer logged while it was trained."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pandas as pd

from semtok.papers import canvas as drawing
from semtok.papers.canvas import COLOURS
from semtok.papers.definition import load
from semtok.papers.figure_types import Curves, TrainingFigure
from semtok.papers.origin import Origin, read_origin
from semtok.papers.plan import Cell, Run, remarks
from semtok.papers.printed import read_printed
from semtok.papers.samples import Uncertainty

COLUMNS = ["paper", "figure", "panel", "dataset", "source", "tokenizer", "seed", "quantity", "step", "value"]


def make_figure(
    definition: Path,
    printed: Path,
    paper: str,
    name: str,
    cells: Sequence[Cell],
    inputs: Mapping[str, Mapping[Run, Path]],
    stats: Mapping[str, Path],
    uncertainty: Uncertainty,
    csv: Path,
    pictures: Sequence[Path],
) -> None:
    """Write a figure's numbers and its pictures; the same input gives the same bytes.

    Args:
        definition: config/papers/PAPER.yaml.
        printed: the file of printed numbers.
        paper: the paper's name in the config.
        name: id of the figure.
        cells: from `plan.cells`.
        inputs: `history`: the `history.csv` of every run's tokenizer.
        stats: the `stats.json` of each dataset that the config has, by printed name.
        uncertainty: not used, as every run is drawn.
        csv: output, tidy.
        pictures: outputs, .svg or .pdf.
    """
    content = load(definition)
    figure = content.training_figure(name)
    origins = {dataset: read_origin(path) for dataset, path in stats.items()}
    frame = tidy(paper, name, figure, origins, cells, inputs.get("history", {}))
    about = [*drawing.about(content, [figure.dataset], origins, read_printed(printed)), *remarks(cells)]
    with drawing.style():
        canvas = _draw(name, figure, frame, [*about, *_notes(figure, frame)])
        drawing.write(canvas, frame, csv, pictures)


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


def read_history(path: str | Path, step: str) -> pd.DataFrame:
    """A `history.csv` in order of its steps; without any column where it does not log `step`."""
    history = pd.read_csv(path)
    return history.sort_values(step, ignore_index=True) if step in history else pd.DataFrame()


def matching(history: pd.DataFrame, patterns: Sequence[str]) -> list[str]:
    """The columns of numbers that one of the patterns names, in the order of the patterns."""
    numbers = list(history.select_dtypes("number").columns)
    found = [column for pattern in patterns for column in numbers if fnmatchcase(column, pattern)]
    return list(dict.fromkeys(found))


def _draw(name: str, figure: TrainingFigure, frame: pd.DataFrame, notes: Sequence[str]) -> Any:
    synthetic = bool((frame["source"] == "synthetic").any())
    title = f"{drawing.title(name, figure.caption).rstrip('.')}, {figure.dataset}"
    canvas, axes = drawing.plots(len(figure.panels), title, notes, synthetic)
    for axis, (letter, curves) in zip(axes, figure.panels.items(), strict=True):
        _panel(axis, letter, curves, frame[frame["panel"] == letter].dropna(subset="value"))
        axis.set_xlabel(figure.step)
    return canvas


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
