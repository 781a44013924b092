"""A table: its files. What is in them is a matter of its kind."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from semtok.papers.rendering import Grid, latex, markdown, page
from semtok.run.files import write_csv, write_text


@dataclass(frozen=True)
class Table:
    """What a kind of table makes of its results."""

    frame: pd.DataFrame
    """The tidy numbers."""
    grids: Sequence[Grid]
    """The layout of the paper."""
    more: Sequence[Grid] = ()
    """What stands below, and is not part of the LaTeX."""


def write_table(table: Table, files: Iterable[Path]) -> None:
    """Each of the files, by its ending: the tidy numbers (.csv), or the layout (.md, .tex, .html)."""
    grids = [*table.grids, *table.more]
    for path in files:
        if path.suffix == ".csv":
            write_csv(path, table.frame)
        elif path.suffix == ".tex":
            write_text(path, latex(table.grids))
        else:
            write_text(path, markdown(grids) if path.suffix == ".md" else page(grids, grids[0].caption))
