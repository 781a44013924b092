"""What readers take and give."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from semtok.config.tables import InteractionTable, ItemTable
from semtok.data.report import Report

EARLIEST = int(pd.Timestamp("1990-01-01", tz="UTC").timestamp())
LATEST = int(pd.Timestamp("2100-01-01", tz="UTC").timestamp())
"""Unix seconds between which a date is valid."""


def unix_seconds(times: pd.Series, time_format: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Dates as unix seconds (UTC where the format names no zone), and which of them exist and are valid."""
    parsed = pd.to_datetime(times, format=time_format, errors="coerce", utc=True)
    timestamp: npt.NDArray[np.int64] = np.asarray(parsed.astype("datetime64[s, UTC]").astype("int64"))
    return timestamp, parsed.notna().to_numpy() & (timestamp >= EARLIEST) & (timestamp < LATEST)


@dataclass(frozen=True)
class RawFile:
    """One official file, and which member of a zip file to read (None: the reader knows)."""

    path: Path
    member: str | None = None
    table: InteractionTable | ItemTable | None = None
    """What the columns of a table of one's own are."""


class Reader(Protocol):
    """A module of `semtok.data.readers`."""

    def read_interactions(self, files: Sequence[RawFile], report: Report) -> Iterator[pd.DataFrame]:
        """Chunks of `user` str, `item` str, `timestamp` int64 (unix seconds), in an order that breaks ties of time."""
        ...

    def read_items(self, files: Sequence[RawFile], wanted: pd.Index, report: Report) -> Iterator[pd.DataFrame]:
        """Chunks of `raw_id` and the other columns of the items among `wanted`; ids may repeat.

        The others are texts, except `latitude` and `longitude`, and `image`, the address of the main picture: http or
        https, or a file relative to the folder of the raw files.
        """
        ...


class ReaderOfImpressions(Reader, Protocol):
    """A reader whose format says what users were shown."""

    def read_histories(self, files: Sequence[RawFile], report: Report) -> Iterator[pd.DataFrame]:
        """As `read_interactions`, without what was clicked of what was shown."""
        ...

    def read_impressions(self, files: Sequence[RawFile]) -> Iterator[pd.DataFrame]:
        """Chunks of `impression` int64 (a list that a user was shown), `user` str, `item` str, `clicked` bool. Unusable
        rows are left out; `read_histories` has reported them."""
        ...


@dataclass(frozen=True)
class Events:
    """Interactions with coded users and items; row order breaks ties of time."""

    user: npt.NDArray[np.int32]
    item: npt.NDArray[np.int32]
    timestamp: npt.NDArray[np.int64]
    users: pd.Index
    """Raw id of each user code, sorted."""
    items: pd.Index
    """Raw id of each item code, sorted."""


def collect(chunks: Iterable[pd.DataFrame]) -> Events:
    """Code users and items by their sorted raw ids, without ever holding all ids as strings."""
    schema = pa.schema(
        {
            "user": pa.dictionary(pa.int32(), pa.string()),
            "item": pa.dictionary(pa.int32(), pa.string()),
            "timestamp": pa.int64(),
        }
    )
    tables = [pa.Table.from_pandas(chunk, schema=schema, preserve_index=False) for chunk in chunks]
    table = pa.concat_tables(tables or [schema.empty_table()]).unify_dictionaries()
    del tables
    user, users = _codes(table.column("user"))
    item, items = _codes(table.column("item"))
    return Events(user, item, table.column("timestamp").to_numpy(), users, items)


def _codes(column: pa.ChunkedArray) -> tuple[npt.NDArray[np.int32], pd.Index]:
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], column.type)
    values = pd.Index(array.dictionary.to_pandas())
    order = np.argsort(values.to_numpy(dtype=object), kind="stable")
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    return rank[array.indices.to_numpy()], values[order]
