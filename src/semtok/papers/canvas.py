"""What all pictures share: their style, their title and the place of their notes, and their files."""

import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas

from semtok.run.files import atomic_path

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
_NARROWEST = 6.5
"""Inches."""


@contextmanager
def style() -> Iterator[None]:
    """The figures' style; the same input gives the same bytes."""
    with mpl.rc_context(_STYLE):
        yield


def plots(count: int, title: str, notes: Sequence[str], synthetic: bool) -> tuple[Canvas, list[Any]]:
    """A canvas with `count` axes, a title, and notes below."""
    beside = count if count <= _MOST else _ROW
    rows = -(-count // beside)
    width = max(3.7 * beside, _NARROWEST)
    lines = [line for note in notes for line in textwrap.wrap(note, int(13 * width))]
    heading = textwrap.fill(title, int(11 * width)) + ("\nSYNTHETIC DATA" if synthetic else "")
    canvas = Canvas(figsize=(width, 2.7 * rows + 0.8 + 0.17 * len(lines)), layout="constrained")
    FigureCanvasAgg(canvas)
    canvas.suptitle(heading, fontsize=10, fontweight="bold")
    axes = list(canvas.subplots(rows, beside, squeeze=False).flat)
    for axis in axes[count:]:
        axis.set_visible(False)
    canvas.supxlabel("\n".join(lines), x=0.01, ha="left", fontsize=7.5, color="#444444")
    return canvas, axes[:count]


def write(canvas: Canvas, frame: pd.DataFrame, csv: Path, pictures: Sequence[Path]) -> None:
    """The numbers and the pictures (.svg or .pdf); under `style`."""
    with atomic_path(csv) as temporary:
        frame.to_csv(temporary, index=False)
    for picture in pictures:
        with atomic_path(picture) as temporary:
            canvas.savefig(temporary, metadata=_UNDATED.get(picture.suffix))


def title(name: str, caption: str, dataset: str = "") -> str:
    """Its number and caption, and the dataset where there is but one."""
    heading = f"Figure {name.removeprefix('figure')}: {caption}"
    return f"{heading.rstrip('.')}, {dataset}" if dataset else heading
