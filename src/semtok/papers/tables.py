"""Files of tables: tidy CSV, Markdown, LaTeX and HTML."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from semtok.errors import DataError
from semtok.papers import attributes_table, diagnostics_table, ranking_table, scoring_table, statistics_table
from semtok.papers.rendering import Grid, latex, markdown, page
from semtok.papers.results import Results
from semtok.run.files import write_csv, write_text


@dataclass(frozen=True)
class TableFiles:
    """Where a table is written."""

    csv: Path
    markdown: Path
    latex: Path
    html: Path


def make_statistics_table(results: Results, files: TableFiles) -> None:
    """Write a table of dataset statistics."""
    frame = statistics_table.tidy(results)
    _write(files, frame, [statistics_table.grid(results, frame)])


def make_attributes_table(results: Results, files: TableFiles) -> None:
    """Write a table of a dense tokenizer's tasks, and of what it learned."""
    frame = attributes_table.tidy(results)
    _write(files, frame, [attributes_table.grid(results, frame)])


def make_scoring_table(results: Results, files: TableFiles) -> None:
    """Write a table of scored candidates."""
    shown = scoring_table.ScoringResults(results)
    _write(files, scoring_table.tidy(shown), [scoring_table.grid(shown)])


def make_ranking_table(results: Results, files: TableFiles, diagnostics_csv: Path) -> None:
    """Write a table of metrics, and what tokenizers and decoder measured about themselves."""
    shown = ranking_table.RankingResults(results)
    write_csv(diagnostics_csv, diagnostics_table.tidy(results))
    _write(files, ranking_table.tidy(shown), ranking_table.grids(shown), [diagnostics_table.grid(results)])


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
        elif list(frame.columns) != ranking_table.COLUMNS:
            raise DataError(f"{path}: found columns {', '.join(frame.columns)}; expected those of a table of a paper")
        frames.append(frame.reindex(columns=ranking_table.COLUMNS, fill_value=""))
    write_csv(output, pd.concat(frames))


def _write(files: TableFiles, frame: pd.DataFrame, grids: Sequence[Grid], more: Sequence[Grid] = ()) -> None:
    """All files of a table; `more` is not part of the LaTeX."""
    write_csv(files.csv, frame)
    write_text(files.markdown, markdown([*grids, *more]))
    write_text(files.latex, latex(grids))
    write_text(files.html, page([*grids, *more], grids[0].caption))
