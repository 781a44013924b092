"""One layout of a table, rendered as Markdown, LaTeX and HTML by the templates of these names."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

import pandas as pd

from semtok.papers.templates import render


@dataclass(frozen=True)
class Text:
    """One cell."""

    plain: str
    detail: str = ""
    """An interval or the like, in small print behind it."""
    bold: bool = False
    latex: str = ""
    """LaTeX in place of `plain`; empty to escape `plain`."""


def written(value: Any, form: str = "") -> str:
    """A value as a cell has it, in a format; a dash where there is none."""
    return "—" if pd.isna(value) else format(value, form)


@dataclass(frozen=True)
class Grid:
    """A table as it is read.

    A column's name has several levels; neighbours that share a level share its heading in LaTeX and HTML.
    """

    caption: str
    columns: list[tuple[str, ...]]
    rows: list[list[Text]]
    text_columns: int = 1
    """Columns at the left that hold text."""
    rules: list[int] = field(default_factory=list)
    """Rows with a line above."""
    warning: str = ""
    notes: list[str] = field(default_factory=list)

    def without(self, name: str) -> "Grid":
        """The same table without the columns of a name."""
        kept = [number for number, column in enumerate(self.columns) if column[-1] != name]
        rows = [[row[number] for number in kept] for row in self.rows]
        return replace(self, columns=[self.columns[number] for number in kept], rows=rows)

    @property
    def levels(self) -> list[list[tuple[str, int]]]:
        """The rows of the heading: for each level that is not empty, names and how many columns they span."""
        depth = max(map(len, self.columns))
        found = []
        for level in range(depth):
            # A heading ends where any level above it does.
            prefixes = [(column + ("",) * depth)[: level + 1] for column in self.columns]
            if any(prefix[-1] for prefix in prefixes):
                found.append([(prefix[-1], len(list(group))) for prefix, group in groupby(prefixes)])
        return found


def markdown(grids: Sequence[Grid]) -> str:
    """All grids, one below the other."""
    return render("grids.md", grids=grids)


def latex(grids: Sequence[Grid]) -> str:
    """A `table` environment for each grid; needs the booktabs package."""
    return render("grids.tex", grids=grids)


def page(grids: Sequence[Grid], title: str) -> str:
    """A self-contained HTML page."""
    return render("grids.html", grids=grids, title=title)
