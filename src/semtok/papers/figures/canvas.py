"""What all figures share: their style, the place of panels and labels, their captions and files."""

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from semtok.papers.templates import render
from semtok.run.files import atomic_path, write_csv, write_text

# Okabe and Ito's colours, told apart by colour-blind readers, and in grey by their order.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
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
_ROW = 3
"""Plots beside each other, as wide as a page; four are two rows of two."""
_PANEL = (3.7, 2.7)
"""Width and height of a plot, in inches."""
_NARROWEST = 6.5
_LINE_OF_TEXT = 0.075
"""Of a plot's height."""


@dataclass(frozen=True)
class Drawing:
    """What a kind of figure makes of its results."""

    frame: pd.DataFrame
    """The tidy numbers; the column `source` says where the data come from, or why there is no number."""
    panels: Sequence[Callable[[Axes], None]]
    """Each draws one plot."""
    datasets: Sequence[str]
    """Those of which the notes speak, by printed name."""
    notes: Sequence[str]
    """What else a reader must know."""


@dataclass(frozen=True)
class Caption:
    """What stands above a figure, and below it for those who read on."""

    title: str
    notes: Sequence[str]
    """Sentences, what matters most first."""
    synthetic: bool
    """Whether numbers are of made-up data, which the picture says, too."""


def _plots(count: int, caption: Caption, panel: tuple[float, float], beside: int | None) -> tuple[Figure, list[Any]]:
    """A figure with `count` axes of the size `panel`, `beside` in a row, and the caption's title."""
    beside = beside or (2 if count == 4 else min(count, _ROW))
    rows = -(-count // beside)
    width = max(panel[0] * beside, _NARROWEST)
    heading = textwrap.fill(caption.title, int(11 * width)) + ("\nSYNTHETIC DATA" if caption.synthetic else "")
    figure = Figure(figsize=(width, panel[1] * rows + 0.2 + 0.2 * (heading.count("\n") + 1)), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(heading, fontsize=10, fontweight="bold")
    axes = list(figure.subplots(rows, beside, squeeze=False).flat)
    for axis in axes[count:]:
        axis.set_visible(False)
    return figure, axes[:count]


def label_ends(axis: Axes, ends: Mapping[str, tuple[float, str]]) -> None:
    """Name lines at their right ends, in their colours, where names of neighbours do not cover each other.

    ends: by name, the line's last value and its colour.
    """
    low, high = axis.get_ylim()
    placed = -1.0
    for name, (value, colour) in sorted(ends.items(), key=lambda end: end[1][0]):
        # Up to its place or the next free line, as a share of the axis' height.
        placed = max((value - low) / (high - low), placed + _LINE_OF_TEXT)
        axis.annotate(
            name,
            (1, placed),
            (4, 0),
            xycoords="axes fraction",
            textcoords="offset points",
            color=colour,
            fontsize=7.5,
            va="center",
            annotation_clip=False,
        )


def write(
    title: str,
    drawing: Drawing,
    csv: Path,
    files: Sequence[Path],
    panel: tuple[float, float] = _PANEL,
    beside: int | None = None,
) -> None:
    """The numbers and, by its ending, each of the files: pictures (.svg, .pdf), the caption with the picture's name
    (.md), or with the picture (.html). The same input gives the same bytes.

    panel, beside: the size of a plot in inches, and how many stand in a row.
    """
    caption = Caption(title, drawing.notes, synthetic=bool((drawing.frame["source"] == "synthetic").any()))
    with mpl.rc_context(_STYLE):
        figure, axes = _plots(len(drawing.panels), caption, panel, beside)
        for axis, draw in zip(axes, drawing.panels, strict=True):
            draw(axis)
        write_csv(csv, drawing.frame)
        for path in files:
            if path.suffix == ".md":
                write_text(path, render("figure.md", caption=caption, picture=path.with_suffix(".svg").name))
            elif path.suffix == ".html":
                drawn = BytesIO()
                figure.savefig(drawn, format="svg", metadata=_UNDATED[".svg"])
                _, tag, picture = drawn.getvalue().decode().partition("<svg")
                write_text(path, render("figure.html", caption=caption, title=caption.title, picture=tag + picture))
            else:
                with atomic_path(path) as temporary:
                    figure.savefig(temporary, metadata=_UNDATED.get(path.suffix))
