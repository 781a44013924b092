"""Bars with intervals, the paper's values beside them."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure as Canvas

from semtok.papers import canvas as drawing
from semtok.papers import figure_data
from semtok.papers.canvas import COLOURS
from semtok.papers.figures import about
from semtok.papers.results import Results
from semtok.papers.samples import Uncertainty
from semtok.plan.figure_specs import METRIC_NAMES, Figure, Panel

_NAMES_IN_A_ROW = 5


def draw(results: Results) -> tuple[pd.DataFrame, Canvas]:
    """The tidy numbers, and a plot a panel, or for a panel with groups a plot a metric and k; from `scores`."""
    name, content = results.name, results.content
    figure = content.bar_figure(name)
    measured = figure_data.measure(figure, results.cells, results.files.get("scores", {}), results.uncertainty)
    frame = figure_data.tidy(results.paper, name, content, results.printed, results.origins, results.cells, measured)
    notes = about(results, list(dict.fromkeys(frame.loc[frame["mean"].notna(), "dataset"])))
    notes = [*notes, *_notes(figure, frame, results.uncertainty)]
    plots = [(letter, panel, columns) for letter, panel in figure.panels.items() for columns in _plots(panel)]
    synthetic = bool((frame["source"] == "synthetic").any())
    canvas, axes = drawing.plots(len(plots), drawing.title(name, figure.caption), notes, synthetic)
    for axis, (letter, panel, columns) in zip(axes, plots, strict=True):
        _panel(axis, letter, panel, frame[frame["panel"] == letter], columns)
    return frame, canvas


def _notes(figure: Figure, frame: pd.DataFrame, uncertainty: Uncertainty) -> list[str]:
    built = frame[frame["mean"].notna()]
    notes = []
    seeds = sorted(set(built["seeds"]))
    if seeds:
        bars = f"Bars: mean over {' or '.join(map(str, seeds))} seed{'s' if seeds != [1] else ''}"
        notes.append(f"{bars}; lines: {uncertainty.confidence:.0%} interval over users and seeds.")
    if 1 in seeds:
        notes.append("With one seed the interval does not hold the noise of training.")
    if "digitised" in set(frame["printed_provenance"]):
        notes.append("Diamonds: the paper's bars, measured on its picture; for the shape only.")
    missing = frame[frame["mean"].isna()]
    for reason in dict.fromkeys(missing["source"]):
        bars = missing.loc[missing["source"] == reason, ["group", "series"]].drop_duplicates().itertuples()
        notes.append(f"{', '.join(bar.group or bar.series for bar in bars)}: {reason}.")
    return [*notes, *(panel.note for panel in figure.panels.values() if panel.note)]


def _plots(panel: Panel) -> list[list[tuple[str, int]]]:
    """The metrics and k of each plot of a panel."""
    columns: list[tuple[str, int]] = [(metric, k) for metric in panel.metrics for k in panel.ks]
    return [columns] if panel.bars[0].group is None else [[column] for column in columns]


def _panel(axis: Any, letter: str, panel: Panel, frame: pd.DataFrame, columns: list[tuple[str, int]]) -> None:
    groups = list(dict.fromkeys(bar.group or "" for bar in panel.bars))
    series = list(dict.fromkeys(bar.series for bar in panel.bars))
    places = [(group, column) for group in groups for column in columns]
    width = 0.8 / len(series)
    rows: list[dict[Any, Any]] = frame.to_dict("records")
    shown = {(row["group"], row["series"], row["metric"], row["k"]): row for row in rows}
    for i, one in enumerate(series):
        for x, (group, (metric, k)) in enumerate(places):
            row = shown.get((group, one, metric, k))
            if row is not None:
                _bar(axis, x + (i - (len(series) - 1) / 2) * width, width, COLOURS[i % len(COLOURS)], row)
        axis.bar(0, 0, color=COLOURS[i % len(COLOURS)], label=one)
    names = [METRIC_NAMES[metric] for metric, _ in columns]
    if groups != [""]:
        ticks, label = groups, _column(columns[0])
    elif len(set(names)) == 1:
        ticks, label = [f"@{k}" for _, k in columns], f"{names[0]}@k"
    else:
        ticks, label = [_column(column) for column in columns], " and ".join(dict.fromkeys(names))
    axis.set_xticks(range(len(places)), ticks)
    axis.set_ylabel(label)
    axis.set_title(f"({letter}) {panel.title}, {panel.dataset}", fontsize=9)
    axis.grid(axis="y", linewidth=0.4, color="#cccccc")
    top = axis.get_ylim()[1]
    if len(series) == 1 and groups != [""]:
        axis.set_ylim(bottom=0, top=top)
        return
    names_in_a_row = min(len(series), _NAMES_IN_A_ROW)
    axis.set_ylim(bottom=0, top=top * (1.06 + 0.12 * -(-len(series) // names_in_a_row)))
    axis.legend(ncols=names_in_a_row, fontsize=7.5, frameon=False, loc="upper center", columnspacing=1, handlelength=1)


def _bar(axis: Any, x: float, width: float, colour: str, row: Mapping[Any, Any]) -> None:
    if pd.isna(row["mean"]):
        axis.annotate("not run", (x, 0), (0, 3), textcoords="offset points", rotation=90, ha="center", fontsize=7)
    else:
        axis.bar(x, row["mean"], width * 0.92, color=colour, edgecolor="#333333", linewidth=0.5)
        axis.vlines(x, row["ci_low"], row["ci_high"], color="#222222", linewidth=1)
    if not pd.isna(row["printed"]):
        axis.plot(x, row["printed"], "D", markersize=4, markerfacecolor="white", markeredgecolor="black", zorder=4)


def _column(column: tuple[str, int]) -> str:
    return f"{METRIC_NAMES[column[0]]}@{column[1]}"
