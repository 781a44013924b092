"""Tables of one's own: interactions, and with or without a table of the items, in the forms of `semtok.data.rows`.

Each file of the config says what its columns are (`semtok.config.tables`). Rows of the same time keep the files' order;
without a column of times the order of a user's rows is all that is known: the n-th row of all gets the n-th second of
1990 (`made_up_times` in stats.json).
"""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from semtok.config.tables import UNITS, InteractionTable, ItemTable
from semtok.data.markup import plain_text
from semtok.data.raw import EARLIEST, LATEST, RawFile, unix_seconds
from semtok.data.report import FileReport, Report
from semtok.data.rows import read_rows
from semtok.data.tsv import LINE, drop_bad
from semtok.errors import DataError

OTHER_COLUMNS = frozenset({"raw_id", "item", "image", "latitude", "longitude"})
"""Of items.parquet that are not texts: columns of these names that are not said to be just that are left out."""
BETWEEN = "\x1f"
"""Between a user and a session: a character that ids do not have."""


def read_interactions(files: Sequence[RawFile], report: Report) -> Iterator[pd.DataFrame]:
    """The rows of all tables of interactions, in the files' order."""
    n_before = n_lines = 0  # of the files before: a file's own lines count from its start
    for file in files:
        if not isinstance(file.table, InteractionTable):
            continue
        columns = file.table.columns
        file_report = report.file(file.path)
        for rows in read_rows(file.path, file.table, columns.values(), False, file_report):
            named = {name: rows[column] for name, column in columns.items()}
            frame = pd.DataFrame(named).assign(**{LINE: rows.index})
            yield _usable(frame, file, n_before, file_report, report.counts)
            n_lines = max(n_lines, n_before + int(rows.index.max()) if len(rows) else 0)
        n_before = n_lines
        file_report.close()


def read_items(files: Sequence[RawFile], wanted: pd.Index, report: Report) -> Iterator[pd.DataFrame]:
    """`raw_id`, coordinates and picture where the config names them, and all other columns as texts without markup;
    without a table of items, `raw_id` of all that are wanted."""
    if not any(isinstance(file.table, ItemTable) for file in files):
        yield pd.DataFrame({"raw_id": wanted})
    for file in files:
        if not isinstance(file.table, ItemTable):
            continue
        columns = file.table.columns
        file_report = report.file(file.path)
        for rows in read_rows(file.path, file.table, columns.values(), True, file_report):
            named = {name: rows[column] for name, column in columns.items()}
            items = pd.DataFrame(named).assign(**{LINE: rows.index})
            items = drop_bad(items, items["raw_id"] == "", "missing_value", items["raw_id"], file_report)
            if file.table.latitude is not None:
                items = _located(items, file_report)
            items = items[items["raw_id"].isin(wanted)].drop(columns=LINE)
            texts = rows.loc[items.index].drop(columns=list(set(columns.values())))
            texts = texts.drop(columns=OTHER_COLUMNS.intersection(texts.columns))
            yield pd.concat([items, texts.map(plain_text)], axis=1)
        file_report.close()


def _usable(
    frame: pd.DataFrame, file: RawFile, n_before: int, report: FileReport, counts: Counter[str]
) -> pd.DataFrame:
    """`user`, `item` and `timestamp` of the rows that have all that is asked for and are rated high enough.

    n_before: lines of the files before, after which times that are made up go on.
    """
    table, names = file.table, [name for name in frame.columns if name != LINE]
    assert isinstance(table, InteractionTable)
    empty = (frame[names] == "").any(axis=1)
    frame = drop_bad(frame, empty, "missing_value", frame[empty][names].agg(list, axis=1).reindex(frame.index), report)
    if table.rating is not None:
        rating = pd.to_numeric(frame["rating"], errors="coerce")
        frame = drop_bad(frame.assign(number=rating), rating.isna(), "bad_rating", frame["rating"], report)
        low = frame["number"] < table.min_rating
        counts["ratings_below_the_minimum"] += int(low.sum())
        frame = frame[~low]
    if table.timestamp is None:
        timestamp = EARLIEST + n_before + frame[LINE].to_numpy(np.int64)
        counts["made_up_times"] += len(frame)
    else:
        timestamp, valid = timestamps(frame["timestamp"], table.time_format, file)
        frame = drop_bad(frame.assign(timestamp=timestamp), ~valid, "bad_date", frame["timestamp"], report)
        timestamp = frame["timestamp"].to_numpy(np.int64)
    user = frame["user"] + BETWEEN + frame["session"] if table.session is not None else frame["user"]
    return pd.DataFrame({"user": user, "item": frame["item"], "timestamp": timestamp})


def timestamps(
    times: pd.Series, time_format: str, file: RawFile
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Times as unix seconds, and which of them exist and are valid; as `unix_seconds`, for units as well."""
    if time_format not in UNITS:
        try:
            return unix_seconds(times, time_format)
        except ValueError as error:
            raise DataError(f"{file.path}: found time_format {time_format!r}; expected another ({error})") from error
    number = pd.to_numeric(times, errors="coerce").to_numpy(np.float64) / UNITS[time_format]
    valid = (number >= EARLIEST) & (number < LATEST)
    return np.where(valid, number, 0).astype(np.int64), valid


def _located(items: pd.DataFrame, report: FileReport) -> pd.DataFrame:
    """With coordinates as numbers, NaN where there are none; rows with one of the two, or none on earth, are bad."""
    found = items["latitude"] + ", " + items["longitude"]
    is_empty = ((items["latitude"] == "") & (items["longitude"] == "")).to_numpy()
    items = items.assign(
        latitude=pd.to_numeric(items["latitude"], errors="coerce").astype("float64"),
        longitude=pd.to_numeric(items["longitude"], errors="coerce").astype("float64"),
    )
    on_earth = items["latitude"].between(-90, 90) & items["longitude"].between(-180, 180)
    return drop_bad(items, ~on_earth & ~is_empty, "bad_coordinate", found, report)
