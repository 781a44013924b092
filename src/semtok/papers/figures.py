"""Pictures of figures: bars with intervals, the paper's values beside them."""

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas

from semtok.files import atomic_path
from semtok.papers import figure_data
from semtok.papers.definition import Figure, Panel, load
from semtok.papers.origin import Origin, describe, read_origin
from semtok.papers.plan import Cell, Run
from semtok.papers.printed import Printed, read_printed
from semtok.papers.samples import Uncertainty

# Okabe and Ito's colours, told apart by colour-blind readers, and in grey by their order.
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
_NAMES = {"ndcg": "NDCG", "recall": "Recall"}
_STYLE: Any = {
    "svg.hashsalt": "semtok",
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
}
_UNDATED: dict[str, dict[str, None]] = {".svg": {"Date": None}, ".pdf": {"CreationDate": None, "ModDate": None}}


def make_figure(
    definition: Path,
    printed: Path,
    paper: str,
    name: str,
    cells: Sequence[Cell],
    ranks: Mapping[Run, str | Path],
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
        ranks: `ranks.parquet` of every run of the cells.
        stats: the `stats.json` of each dataset that the config has, by printed name.
        uncertainty: how intervals are made.
        csv: output, tidy.
        pictures: outputs, .svg or .pdf.
    """
    figure = load(definition).figure(name)
    numbers = read_printed(printed)
    origins = {dataset: read_origin(path) for dataset, path in stats.items()}
    measured = figure_data.measure(figure, cells, ranks, uncertainty)
    frame = figure_data.tidy(paper, name, figure, numbers, origins, cells, measured)
    with atomic_path(csv) as temporary:
        frame.to_csv(temporary, index=False)
    with mpl.rc_context(_STYLE):
        canvas = draw(name, figure, frame, _about(figure, frame, origins, numbers, uncertainty))
        for picture in pictures:
            with atomic_path(picture) as temporary:
                canvas.savefig(temporary, metadata=_UNDATED.get(picture.suffix))


def draw(name: str, figure: Figure, frame: pd.DataFrame, about: Sequence[str]) -> Canvas:
    """The figure on a canvas: a plot a panel, or for a panel with groups a plot a metric and k."""
    plots = [(letter, panel, columns) for letter, panel in figure.panels.items() for columns in _plots(panel)]
    title = f"Figure {name.removeprefix('figure')}: {figure.caption}"
    lines = [line for note in about for line in textwrap.wrap(note, 46 * len(plots))]
    canvas = Canvas(figsize=(3.7 * len(plots), 3.5 + 0.17 * len(lines)), layout="constrained")
    FigureCanvasAgg(canvas)
    synthetic = (frame["source"] == "synthetic").any()
    canvas.suptitle(f"{title}\nSYNTHETIC DATA" if synthetic else title, fontsize=10, fontweight="bold")
    axes = canvas.subplots(1, len(plots), squeeze=False)[0]
    for axis, (letter, panel, columns) in zip(axes, plots, strict=True):
        _panel(axis, letter, panel, frame[frame["panel"] == letter], columns)
    canvas.supxlabel("\n".join(lines), x=0.01, ha="left", fontsize=7.5, color="#444444")
    return canvas


def _about(
    figure: Figure, frame: pd.DataFrame, origins: Mapping[str, Origin], printed: Printed, uncertainty: Uncertainty
) -> list[str]:
    built = frame[frame["mean"].notna()]
    notes = []
    for dataset in dict.fromkeys(built["dataset"]):
        users = printed.get("table1", dataset, "", "users")
        notes.append(describe(dataset, origins[dataset], users.value if users else None))
    seeds = sorted(set(built["seeds"]))
    if seeds:
        bars = f"Bars: mean over {' or '.join(map(str, seeds))} seed{'s' if seeds != [1] else ''}"
        notes.append(f"{bars}; lines: {uncertainty.confidence:.0%} interval over users and seeds.")
    if 1 in seeds:
        notes.append("With one seed the interval does not hold the noise of training.")
    if "digitised" in set(frame["printed_provenance"]):
        notes.append("Diamonds: the paper's bars, measured on its picture; for the shape only.")
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
                _bar(axis, x + (i - (len(series) - 1) / 2) * width, width, _COLOURS[i % len(_COLOURS)], row)
        axis.bar(0, 0, color=_COLOURS[i % len(_COLOURS)], label=one)
    names = [_NAMES[metric] for metric, _ in columns]
    if groups != [""]:
        ticks, label = groups, _column(columns[0])
    elif len(set(names)) == 1:
        ticks, label = [f"@{k}" for _, k in columns], f"{names[0]}@k"
    else:
        ticks, label = [_column(column) for column in columns], " and ".join(dict.fromkeys(names))
    axis.set_xticks(range(len(places)), ticks)
    axis.set_ylabel(label)
    axis.set_title(f"({letter}) {panel.title}, {panel.dataset}", fontsize=9)
    axis.set_ylim(bottom=0, top=axis.get_ylim()[1] * 1.18)
    axis.grid(axis="y", linewidth=0.4, color="#cccccc")
    axis.legend(ncols=len(series), fontsize=7.5, frameon=False, loc="upper center", columnspacing=1, handlelength=1)


def _bar(axis: Any, x: float, width: float, colour: str, row: Mapping[Any, Any]) -> None:
    if pd.isna(row["mean"]):
        axis.annotate("not run", (x, 0), (0, 3), textcoords="offset points", rotation=90, ha="center", fontsize=7)
    else:
        axis.bar(x, row["mean"], width * 0.92, color=colour, edgecolor="#333333", linewidth=0.5)
        axis.vlines(x, row["ci_low"], row["ci_high"], color="#222222", linewidth=1)
    if not pd.isna(row["printed"]):
        axis.plot(x, row["printed"], "D", markersize=4, markerfacecolor="white", markeredgecolor="black", zorder=4)


def _column(column: tuple[str, int]) -> str:
    return f"{_NAMES[column[0]]}@{column[1]}"
