"""Lists of files, as a rule's input holds them, to files by run."""

from collections.abc import Sequence
from pathlib import Path

from semtok.papers.plan import Cell, Run, coded_runs, runs


def by_run(cells: Sequence[Cell], paths: Sequence[str]) -> dict[Run, Path]:
    """The file of each run.

    Args:
        cells: the cells of a table or figure.
        paths: one file a run, in the order of `plan.runs(cells)`.
    """
    return dict(zip(runs(cells), map(Path, paths), strict=True))


def by_coded_run(cells: Sequence[Cell], paths: Sequence[str]) -> dict[Run, Path]:
    """The file of each run that has codes: one a run, in the order of `plan.coded_runs(cells)`."""
    return dict(zip(coded_runs(cells), map(Path, paths), strict=True))
