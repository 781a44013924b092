"""Table N of several papers in one file."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from semtok.errors import DataError
from semtok.papers import attributes_table, statistics_table
from semtok.papers.measured import COLUMNS
from semtok.run.files import write_csv


def stack(tables: Sequence[Path], output: Path) -> None:
    """One below the other: Table N of several papers, whatever its kind, in the columns of a ranking table.

    A statistic stands as a metric without k: `metric` is its name, `mean` our value. So does what a dense tokenizer
    answers rightly of an attribute: `method` is the attribute.

    Raises:
        DataError: a table is of no kind.
    """
    frames = []
    for path in tables:
        frame = pd.read_csv(path, keep_default_na=False, dtype=str)
        if list(frame.columns) == statistics_table.COLUMNS:
            frame = frame.rename(columns={"statistic": "metric", "value": "mean"})
        elif list(frame.columns) == attributes_table.COLUMNS:
            frame = frame.drop(columns="printed").rename(columns={"target": "method", "accuracy": "mean"})
            frame = frame.assign(metric="accuracy", kind="trained")
        elif list(frame.columns) != COLUMNS:
            raise DataError(f"{path}: found columns {', '.join(frame.columns)}; expected those of a table of a paper")
        frames.append(frame.reindex(columns=COLUMNS, fill_value=""))
    write_csv(output, pd.concat(frames))
