"""Files of tables: tidy CSV, Markdown, LaTeX and HTML."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from semtok.errors import DataError
from semtok.files import atomic_path, write_text
from semtok.papers import diagnostics_table, ranking_table, statistics_table
from semtok.papers.definition import load
from semtok.papers.origin import read_origin
from semtok.papers.plan import Cell, Run
from semtok.papers.printed import read_printed
from semtok.papers.rendering import Grid, latex, markdown, page
from semtok.papers.samples import Uncertainty

Paths = Mapping[Run, str | Path]


@dataclass(frozen=True)
class TableFiles:
    """Where a table is written."""

    csv: Path
    markdown: Path
    latex: Path
    html: Path


def make_statistics_table(
    definition: Path, printed: Path, paper: str, name: str, stats: Mapping[str, Path], files: TableFiles
) -> None:
    """Write a table of dataset statistics.

    Args:
        definition: config/papers/PAPER.yaml.
        printed: the file of printed numbers.
        paper: the paper's name in the config.
        name: id of the table.
        stats: the `stats.json` of each dataset that the config has, by printed name.
        files: outputs.
    """
    content = load(definition)
    origins = {dataset: read_origin(path) for dataset, path in stats.items()}
    values = {dataset: statistics_table.read_statistics(path) for dataset, path in stats.items()}
    frame = statistics_table.tidy(paper, name, content, read_printed(printed), origins, values)
    _write(files, frame, [statistics_table.grid(name, content, frame, origins)])


def make_ranking_table(
    definition: Path,
    printed: Path,
    paper: str,
    name: str,
    cells: Sequence[Cell],
    ranks: Paths,
    stats: Mapping[str, Path],
    diagnostics: Paths,
    facts: Paths,
    uncertainty: Uncertainty,
    files: TableFiles,
    diagnostics_csv: Path,
) -> None:
    """Write a table of metrics, and what tokenizers and decoder measured about themselves.

    Args:
        definition: config/papers/PAPER.yaml.
        printed: the file of printed numbers.
        paper: the paper's name in the config.
        name: id of the table.
        cells: from `plan.cells`.
        ranks: `ranks.parquet` of every run of the cells.
        stats: the `stats.json` of each dataset that the config has, by printed name.
        diagnostics: `diagnostics.json` of the runs' tokenizers.
        facts: the decoder's facts of the runs.
        uncertainty: how intervals are made.
        files: outputs.
        diagnostics_csv: output, tidy.
    """
    content = load(definition)
    table = content.ranking_table(name)
    origins = {dataset: read_origin(path) for dataset, path in stats.items()}
    measured = ranking_table.measure(table, cells, ranks, uncertainty)
    results = ranking_table.Results(
        paper, name, content, read_printed(printed), origins, cells, measured, uncertainty.confidence
    )
    grids = ranking_table.grids(results)
    about_codes = diagnostics_table.grid(name, table, cells, origins, diagnostics, facts)
    _write_csv(diagnostics_table.tidy(paper, name, table, cells, origins, diagnostics, facts), diagnostics_csv)
    _write(files, ranking_table.tidy(results), grids, [about_codes])


def stack(tables: Sequence[Path], output: Path) -> None:
    """One below the other: Table N of several papers, whatever its kind, in the columns of a ranking table.

    A statistic stands as a metric without k: `metric` is its name, `mean` our value.

    Raises:
        DataError: a table is of neither kind.
    """
    frames = []
    for path in tables:
        frame = pd.read_csv(path, keep_default_na=False, dtype=str)
        if list(frame.columns) == statistics_table.COLUMNS:
            frame = frame.rename(columns={"statistic": "metric", "value": "mean"})
        elif list(frame.columns) != ranking_table.COLUMNS:
            raise DataError(f"{path}: found columns {', '.join(frame.columns)}; expected those of a table of a paper")
        frames.append(frame.reindex(columns=ranking_table.COLUMNS, fill_value=""))
    _write_csv(pd.concat(frames), output)


def _write(files: TableFiles, frame: pd.DataFrame, grids: Sequence[Grid], more: Sequence[Grid] = ()) -> None:
    """All files of a table; `more` is not part of the LaTeX."""
    _write_csv(frame, files.csv)
    write_text(files.markdown, markdown([*grids, *more]))
    write_text(files.latex, "\n".join(map(latex, grids)))
    write_text(files.html, page([*grids, *more], grids[0].caption))


def _write_csv(frame: pd.DataFrame, path: str | Path) -> None:
    with atomic_path(path) as temporary:
        frame.to_csv(temporary, index=False)
