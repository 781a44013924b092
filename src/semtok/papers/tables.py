"""A table: its files. What is in them is a matter of its kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from semtok.papers.rendering import Grid, latex, markdown, page
from semtok.run.files import write_csv, write_text


@dataclass(frozen=True)
class TableFiles:
    """Where a table is written."""

    csv: Path
    markdown: Path
    latex: Path
    html: Path


@dataclass(frozen=True)
class Table:
    """What a kind of table makes of its results."""

    frame: pd.DataFrame
    """The tidy numbers."""
    grids: Sequence[Grid]
    """The layout of the paper."""
    more: Sequence[Grid] = ()
    """What stands below, and is not part of the LaTeX."""


def write_table(table: Table, files: TableFiles) -> None:
    """Write all files of a table."""
    write_csv(files.csv, table.frame)
    write_text(files.markdown, markdown([*table.grids, *table.more]))
    write_text(files.latex, latex(table.grids))
    write_text(files.html, page([*table.grids, *table.more], table.grids[0].caption))
