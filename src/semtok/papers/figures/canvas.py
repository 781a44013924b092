"""What all figures share: their style, the place of panels, title and notes, and their files."""

import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from semtok.run.files import atomic_path, write_csv

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
_MOST = 4
"""Plots beside each other; where there are more, rows of three."""
_ROW = 3
_PANEL = (3.7, 2.7)
"""Width and height of a plot, in inches."""
_NARROWEST = 6.5


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


@contextmanager
def style() -> Iterator[None]:
    """The figures' style; the same input gives the same bytes."""
    with mpl.rc_context(_STYLE):
        yield


def plots(
    count: int,
    title: str,
    notes: Sequence[str],
    synthetic: bool,
    panel: tuple[float, float] = _PANEL,
    beside: int | None = None,
) -> tuple[Figure, list[Any]]:
    """A figure with `count` axes of the size `panel`, `beside` in a row, a title, and notes below."""
    beside = beside or (count if count <= _MOST else _ROW)
    rows = -(-count // beside)
    width = max(panel[0] * beside, _NARROWEST)
    lines = [line for note in notes for line in textwrap.wrap(note, int(13 * width))]
    heading = textwrap.fill(title, int(11 * width)) + ("\nSYNTHETIC DATA" if synthetic else "")
    figure = Figure(figsize=(width, panel[1] * rows + 0.8 + 0.17 * len(lines)), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(heading, fontsize=10, fontweight="bold")
    axes = list(figure.subplots(rows, beside, squeeze=False).flat)
    for axis in axes[count:]:
        axis.set_visible(False)
    figure.supxlabel("\n".join(lines), x=0.01, ha="left", fontsize=7.5, color="#444444")
    return figure, axes[:count]


def write(figure: Figure, frame: pd.DataFrame, csv: Path, pictures: Sequence[Path]) -> None:
    """The numbers and the pictures (.svg or .pdf); under `style`."""
    write_csv(csv, frame)
    for picture in pictures:
        with atomic_path(picture) as temporary:
            figure.savefig(temporary, metadata=_UNDATED.get(picture.suffix))
