"""Reading what a tokenizer logged while it was trained."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import pandas as pd


def read_history(path: str | Path, step: str) -> pd.DataFrame:
    """A `history.csv` in order of its steps; without any column where it does not log `step`."""
    history = pd.read_csv(path)
    return history.sort_values(step, ignore_index=True) if step in history else pd.DataFrame()


def steps_of(path: str | Path) -> int | None:
    """How many optimisation steps a `history.csv` tells of; None where there were none, or they are not logged."""
    try:
        steps = pd.read_csv(path).get("step")
    except pd.errors.EmptyDataError:
        return None
    return None if steps is None or steps.empty else int(steps.max())


def matching(history: pd.DataFrame, patterns: Sequence[str]) -> list[str]:
    """The columns of numbers that one of the patterns names, in the order of the patterns."""
    numbers = list(history.select_dtypes("number").columns)
    found = [column for pattern in patterns for column in numbers if fnmatchcase(column, pattern)]
    return list(dict.fromkeys(found))
