"""What a finished run of the workflow found, read from its folder of results or from an archive of one."""

import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd

from semtok.errors import DataError
from semtok.papers.behind_rows import HISTORY, behind_rows
from semtok.papers.measured import COLUMNS
from semtok.run.files import write_csv, write_json

READ = re.compile(r"(?:^|/)papers/([^/]+)/(claims|claims-comparisons|table[\w-]*)\.csv$")
"""The files of a run that a scoreboard is made of; of the tables those of rankings."""
READ_BEHIND = re.compile(r"(?:^|/)papers/[^/]+/(?:table[\w-]*\.provenance|behind)\.json$")
"""The files that tell what is behind a table; beside them, the histories of trainings."""
KEPT_BEHIND = "behind.json"
"""What is behind the rows of a paper's tables, of a run that was kept (`keep_run`)."""
_WITHOUT_ROWS = (["paper", "id"], ["paper", "id"], COLUMNS)
"""Of claims, comparisons and cells that a run has none of: the columns that are asked for."""


@dataclass(frozen=True)
class WorkflowRun:
    """What one run of the workflow found."""

    name: str
    folder: Path | None
    """Its folder of results; None for an archive, whose files have no place to link to."""
    claims: pd.DataFrame
    """The rows of all `claims.csv`, texts."""
    comparisons: pd.DataFrame
    """The rows of all `claims-comparisons.csv`."""
    cells: pd.DataFrame
    """The rows of all tables of rankings, texts."""
    behind: Sequence[Mapping[str, Any]] = ()
    """What is behind each of their rows that was trained (`behind_rows`)."""


def read_run(place: Path, chosen: Iterable[Path] | None = None) -> WorkflowRun:
    """Read the results below a folder, or in an archive of one (`.zip`, as `make share` writes it).

    chosen: files of the folder; None: all of the run whose `papers` lie highest, since one config's results may lie in
    those of another (results, results/cpu). Nobody claims anything of own data: such a run has tables alone. Raises
    DataError where there are neither, or of several runs.
    """
    if chosen is not None:
        texts = {path.as_posix(): path.read_text(encoding="utf-8") for path in chosen}
    elif place.suffix == ".zip":
        with zipfile.ZipFile(place) as archive:
            names = list(_of_one_run(place, archive.namelist()))
            texts = {name: archive.read(name).decode("utf-8") for name in names}
    else:
        names = list(_of_one_run(place, [path.as_posix() for path in sorted(place.rglob("*"))]))
        texts = {name: Path(name).read_text(encoding="utf-8") for name in names}
    frames: dict[str, list[pd.DataFrame]] = {"claims": [], "claims-comparisons": [], "cells": []}
    for name, text in texts.items():
        named = READ.search(name)
        if named is None:
            continue
        is_table = named[2] not in frames
        # Interpreted below: a column that is text here may be all numbers there.
        frame = pd.read_csv(StringIO(text), dtype=str, keep_default_na=False)
        if not is_table:
            frames[named[2]].append(frame)
        elif list(frame.columns) == COLUMNS:
            frames["cells"].append(frame)
    if not frames["claims"] and not frames["cells"]:
        raise DataError(
            f"{place}: found no papers/PAPER/claims.csv and no table of rankings; expected a folder of results, or an "
            "archive of one"
        )
    claims, comparisons, cells = (
        pd.concat(parts) if parts else pd.DataFrame(columns=columns, dtype=str)
        for parts, columns in zip(frames.values(), _WITHOUT_ROWS, strict=True)
    )
    behind = [row for name in texts if READ_BEHIND.search(name) for row in _behind(name, texts)]
    is_archive = place.suffix == ".zip"
    name = place.stem if is_archive else place.name
    return WorkflowRun(name, None if is_archive else place, claims, comparisons, cells, behind)


def keep_run(run: WorkflowRun, folder: Path) -> None:
    """Write what pages show of a run, for `read_run`: a fraction of its results, which can be committed.

    Of each paper: `claims.csv`, `claims-comparisons.csv`, its tables of rankings as CSV, and `behind.json`. Raises
    DataError where the folder has a run, whose tables would stand beside these.
    """
    if (folder / "papers").exists():
        raise DataError(f"{folder}: found a run that was kept before; expected a new folder")
    for paper in dict.fromkeys([*run.claims["paper"], *run.cells["paper"]]):
        own = folder / "papers" / paper
        own.mkdir(parents=True, exist_ok=True)
        frames = {"claims": run.claims, "claims-comparisons": run.comparisons}
        frames |= {str(table): cells for table, cells in run.cells.groupby("table")}
        for name, frame in frames.items():
            if frame["paper"].eq(paper).any():
                write_csv(own / f"{name}.csv", frame[frame["paper"] == paper])
        write_json(own / KEPT_BEHIND, [row for row in run.behind if row["paper"] == paper])


def _of_one_run(place: Path, names: Iterable[str]) -> Iterator[str]:
    """The files of which the page shows something, of the run whose `papers` lie highest, and all histories."""
    names = [name for name in names if is_read(name)]
    folders = {name: name.rpartition("papers/")[0] for name in names if not name.endswith(HISTORY)}
    highest = min((folder.count("/") for folder in folders.values()), default=0)
    own = sorted({folder for folder in folders.values() if folder.count("/") == highest})
    if len(own) > 1:
        raise DataError(f"{place}: found several runs, in {', '.join(own)}; expected the folder of one")
    yield from (name for name in names if folders.get(name) in (None, *own))


def is_read(name: str) -> bool:
    """Whether the page shows something of a file."""
    return bool(READ.search(name) or READ_BEHIND.search(name) or name.endswith(f"/{HISTORY}"))


def _behind(name: str, texts: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """What is behind the rows of the table whose provenance is the text `name`; nothing for tables of other kinds."""
    if name.endswith(KEPT_BEHIND):
        yield from json.loads(texts[name])
        return
    provenance = json.loads(texts[name])
    if not provenance["jobs"] or provenance["jobs"][-1]["rule"] != "ranking_table":
        return
    # Results may lie elsewhere than where they were made.
    here, there = (path.rpartition("papers/")[0] for path in (name, provenance["table"]))
    yield from behind_rows(provenance, lambda path: texts.get(here + path.removeprefix(there)))
