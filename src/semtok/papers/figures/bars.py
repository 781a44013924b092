"""Bars with intervals, the paper's values beside them."""

from collections.abc import Container, Mapping
from functools import partial
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from semtok.papers.figures.canvas import COLOURS, Drawing
from semtok.papers.measured import MeasuredResults
from semtok.papers.quantities import MARKED, UNCERTIFIED
from semtok.papers.results import Results
from semtok.papers.statistics import Uncertainty
from semtok.plan.figure_specs import METRIC_NAMES, Bar, Figure, Panel

COLUMNS = [
    *("paper", "figure", "panel", "dataset", "source", "group", "series", "tokenizer", "metric", "k"),
    *("printed", "printed_provenance", "mean", "std", "seeds", "ci_low", "ci_high", "targets"),
]
_POINTS_A_LETTER = 4.2
"""Of a bar's name."""


def draw(results: Results) -> Drawing:
    """A plot for each panel, or for a panel with groups one for each metric and k; from `metrics`."""
    figure = results.spec(Figure)
    frame = _tidy(results, figure)
    marked = results.uncertified
    panels = [
        partial(_panel, panel, letter, columns, _marks(panel, marked), frame[frame["panel"] == letter])
        for letter, panel in figure.panels.items()
        for columns in ([_columns(panel)] if panel.bars[0].group is None else [[one] for one in _columns(panel)])
    ]
    shown = list(dict.fromkeys(frame.loc[frame["mean"].notna(), "dataset"]))
    notes = _notes(figure, frame, results.uncertainty)
    return Drawing(frame, panels, shown, [*notes, MARKED] if marked else notes)


def _marks(panel: Panel, marked: Container[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """By group and series, what stands above each bar of a panel: a mark where its beam has a fault."""
    return {
        (bar.group or "", bar.series): UNCERTIFIED if (panel.dataset, bar.tokenizer) in marked else ""
        for bar in panel.bars
    }


def _tidy(results: Results, figure: Figure) -> pd.DataFrame:
    """One row a panel, bar, metric and k.

    `printed` is the value that belongs to the bar, `printed_provenance` whether it is from the text or was measured on
    the picture (`digitised`, of use for the shape only). A bar without runs keeps its row: `source` says why.
    """
    wanted: dict[str, dict[tuple[str, int], None]] = {}
    for panel in figure.panels.values():
        wanted.setdefault(panel.dataset, {}).update(dict.fromkeys(_columns(panel)))
    measured = MeasuredResults(results, {dataset: list(columns) for dataset, columns in wanted.items()})
    rows = [
        _row(measured, letter, panel, bar, metric, k)
        for letter, panel in figure.panels.items()
        for bar in panel.bars
        for metric, k in _columns(panel)
    ]
    return pd.DataFrame(rows, columns=COLUMNS).astype({"seeds": "Int64", "targets": "Int64"})


def _row(measured: MeasuredResults, letter: str, panel: Panel, bar: Bar, metric: str, k: int) -> dict[str, Any]:
    results = measured.results
    cell = measured.cell(panel.dataset, bar.tokenizer)
    dataset = results.content.printed_for(panel.dataset)
    number = results.printed.get(results.name + letter, dataset, bar.label, metric, k)
    return {
        **results.keys(panel.dataset),
        "panel": letter,
        "group": bar.group or "",
        "series": bar.series,
        "tokenizer": cell.runs[0].tokenizer if cell.runs else cell.tokenizer,
        "metric": metric,
        "k": k,
        "printed": number.value if number else None,
        "printed_provenance": number.provenance if number else "",
        **measured.numbers(cell, metric, k),
    }


def _columns(panel: Panel) -> list[tuple[str, int]]:
    return [(metric, k) for metric in panel.metrics for k in panel.ks]


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


def _panel(
    panel: Panel,
    letter: str,
    columns: list[tuple[str, int]],
    marks: Mapping[tuple[str, str], str],
    frame: pd.DataFrame,
    axis: Axes,
) -> None:
    groups = list(dict.fromkeys(bar.group or "" for bar in panel.bars))
    series = list(dict.fromkeys(bar.series for bar in panel.bars))
    positions = [(group, column) for group in groups for column in columns]
    width = 0.8 / len(series)
    rows: list[dict[Any, Any]] = frame.to_dict("records")
    shown = {(row["group"], row["series"], row["metric"], row["k"]): row for row in rows}
    named: dict[float, str] = {}
    for i, one in enumerate(series):
        for x, (group, (metric, k)) in enumerate(positions):
            row = shown.get((group, one, metric, k))
            if row is not None:
                place = x + (i - (len(series) - 1) / 2) * width
                _bar(axis, place, width, COLOURS[i % len(COLOURS)], row, marks[group, one])
                named[place] = one
    names = [METRIC_NAMES[metric] for metric, _ in columns]
    if groups != [""]:
        ticks, label = groups, f"{names[0]}@{columns[0][1]}"
    elif len(set(names)) == 1:
        ticks, label = [f"@{k}" for _, k in columns], f"{names[0]}@k"
    else:
        ticks = [f"{name}@{k}" for name, (_, k) in zip(names, columns, strict=True)]
        label = " and ".join(dict.fromkeys(names))
    axis.set_ylabel(label)
    # A panel that is several plots, one a k, has its letter several times.
    letter = f"{letter}, {label}" if groups != [""] and len(_columns(panel)) > 1 else letter
    axis.set_title(f"({letter}) {panel.title}, {panel.dataset}", fontsize=9)
    axis.grid(axis="y", linewidth=0.4, color="#cccccc")
    axis.set_ylim(bottom=0)
    if len(series) == 1 and groups != [""]:
        axis.set_xticks(range(len(positions)), ticks)
        return
    # Each bar has its own name below it, and each group the group's below these.
    axis.set_xticks(list(named), list(named.values()), rotation=90, fontsize=7)
    axis.tick_params(axis="x", length=0)
    below = axis.secondary_xaxis("bottom")
    below.set_xticks(range(len(positions)), ticks)
    below.tick_params(length=0, pad=10 + _POINTS_A_LETTER * max(map(len, series)))


def _bar(axis: Axes, x: float, width: float, colour: str, row: Mapping[Any, Any], mark: str) -> None:
    if pd.isna(row["mean"]):
        axis.annotate("not run", (x, 0), (0, 3), textcoords="offset points", rotation=90, ha="center", fontsize=7)
    else:
        axis.bar(x, row["mean"], width * 0.92, color=colour, edgecolor="#333333", linewidth=0.5)
        axis.vlines(x, row["ci_low"], row["ci_high"], color="#222222", linewidth=1)
        axis.annotate(mark, (x, row["ci_high"]), (0, 2), textcoords="offset points", ha="center", fontsize=8)
    if not pd.isna(row["printed"]):
        axis.plot(x, row["printed"], "D", markersize=4, markerfacecolor="white", markeredgecolor="black", zorder=4)
