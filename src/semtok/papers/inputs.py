"""Lists of files, as a rule's input holds them, to files by run."""

from collections.abc import Sequence
from pathlib import Path

from semtok.papers.plan import Run


def by_run(runs: Sequence[Run], paths: Sequence[str]) -> dict[Run, Path]:
    """The file of each run.

    Args:
        runs: from `plan.runs` or `plan.coded`.
        paths: one file a run, in the same order.
    """
    return dict(zip(runs, map(Path, paths), strict=True))
