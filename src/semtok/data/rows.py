"""Tables of any form as rows of texts: CSV and TSV, RecBole's atomic files, JSON lines and Parquet.

A value that is missing, whatever the form, is an empty text. A list is its parts by commas; a whole number that was
stored as a float is a whole number again, so that ids are the same in files of different forms.
"""

import csv
import io
import json
from collections.abc import Collection, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from semtok.config.tables import ENDINGS, TableForm, ending
from semtok.config.variants import suggestion
from semtok.data.containers import most_unpacked, text_blocks
from semtok.data.report import FileReport
from semtok.errors import DataError

ROWS = 50_000
"""Held at a time."""
MAX_COLUMNS = 100
"""Every column is one of all items; a hundred thousand of them would be a table that no memory holds."""
MAX_SHOWN = 20

NumberedRow = tuple[int, list[str]]
"""A line, 1-based, and what stands there."""


def read_rows(
    path: Path, table: TableForm, needed: Collection[str], others: bool, report: FileReport
) -> Iterator[pd.DataFrame]:
    """Chunks of texts, by column; the index is the row's line in the file, or its number in Parquet (1-based).

    Args:
        path: the file; its ending says what form it has.
        table: how a text file is taken apart.
        needed: columns that must be there.
        others: whether the other columns are read, too.
        report: gets the number of rows, and those that are no rows: `wrong_field_count`, `malformed`, `undecodable`.

    Raises:
        DataError: the file cannot be read, or lacks a column.
    """
    read = {"delimited": _delimited, "atomic": _atomic, "lines": _json_lines, "parquet": _parquet}
    found: dict[str, None] = {}
    for chunk in read[ENDINGS[ending(path.name)]](path, table, report):
        found |= dict.fromkeys(chunk.columns)
        check_columns(path, found, needed)
        kept = [*dict.fromkeys([*needed, *chunk.columns])] if others else list(needed)
        yield _encodable(chunk.reindex(columns=kept, fill_value=""), report)


def check_columns(path: Path, found: Collection[str], needed: Collection[str]) -> None:
    """DataError if a column is missing, or there are too many or two of one name."""
    for name in needed:
        if name not in found:
            shown = ", ".join(islice(found, MAX_SHOWN))
            hint = suggestion(name, found).partition("; ")[2]
            raise DataError(f"{path}: found the columns {shown}; expected {name!r}{hint and f' ({hint})'}")
    if len(found) > MAX_COLUMNS:
        raise DataError(f"{path}: found {len(found)} columns; expected at most {MAX_COLUMNS}")


def as_text(value: Any) -> str:
    """A value as a text; objects have none."""
    if value is None or isinstance(value, dict) or value != value:
        return ""
    if isinstance(value, list):
        return ", ".join(filter(None, map(as_text, value)))
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _delimited(path: Path, table: TableForm, report: FileReport) -> Iterator[pd.DataFrame]:
    delimiter = table.delimiter or ("," if ending(path.name) == ".csv" else "\t")
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if table.quotes else csv.QUOTE_NONE
    rows = csv.reader(_lines(path), delimiter=delimiter, quoting=quoting, strict=True)
    return _separated(path, table.header, rows, report)


def _atomic(path: Path, table: TableForm, report: FileReport) -> Iterator[pd.DataFrame]:
    """RecBole's: tabs, no quotes, and a header of `name:type`."""
    rows = csv.reader(_lines(path), delimiter="\t", quoting=csv.QUOTE_NONE, strict=True)
    for chunk in _separated(path, table.header, rows, report):
        yield chunk.rename(columns=lambda name: name.rpartition(":")[0] or name)


def _separated(path: Path, header: list[str] | None, rows: Any, report: FileReport) -> Iterator[pd.DataFrame]:
    """Chunks of what a csv.reader gives."""
    if header is None:
        try:
            header = [name.strip() for name in next(rows, [])]
        except csv.Error as error:
            raise DataError(f"{path}: line 1: expected the names of the columns ({error})") from error
    if not _is_text("".join(header)):
        raise DataError(f"{path}: line 1: found {header!r:.200}; expected the names of the columns in UTF-8")
    if twice := sorted({name for name in header if header.count(name) > 1}):
        raise DataError(f"{path}: line 1: found the column {twice[0]!r} twice; expected each once")
    records = _records(rows, len(header), report)
    while chunk := list(islice(records, ROWS)):
        report.rows += len(chunk)
        yield pd.DataFrame([row for _, row in chunk], [line for line, _ in chunk], header, dtype=object)


def _records(rows: Any, n_columns: int, report: FileReport) -> Iterator[NumberedRow]:
    """The rows with as many fields as there are columns.

    A quote that is not closed takes the lines behind it with it: each of them counts as an unusable row, so that no
    part of a file goes missing unnoticed.
    """
    while True:
        first = rows.line_num + 1
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            kind, found = "malformed", f"{error} (a quote that is not closed, or `quotes: false`?)"
        else:
            if len(row) == n_columns:
                yield first, row
                continue
            if not row:
                continue
            kind, found = "wrong_field_count", f"{len(row)} fields for {n_columns}: {row}"
        lines = range(first, max(first, rows.line_num) + 1)
        report.rows += len(lines)
        report.add_bad(kind, lines, [found] * len(lines))


def _lines(path: Path) -> Iterator[str]:
    """The lines with their ends; bytes that are no UTF-8 as halves of characters, which `_encodable` finds."""
    for block in text_blocks(path):
        yield from io.StringIO(_decoded(block.text, block.first_line), newline="\n")


def _decoded(text: bytes, line: int) -> str:
    return text.decode("utf-8-sig" if line == 1 else "utf-8", "surrogateescape")


def _json_lines(path: Path, _: TableForm, report: FileReport) -> Iterator[pd.DataFrame]:
    """Objects, one a line; a key that not all of them have is a column."""
    records = _objects(path, report)
    known: dict[str, None] = {}
    while chunk := list(islice(records, ROWS)):
        report.rows += len(chunk)
        known |= dict.fromkeys(name for _, row in chunk for name in row)
        columns = {name: [row.get(name, "") for _, row in chunk] for name in known}
        yield pd.DataFrame(columns, [line for line, _ in chunk], dtype=object)


def _objects(path: Path, report: FileReport) -> Iterator[tuple[int, dict[str, str]]]:
    for block in text_blocks(path):
        for line, text in enumerate(block.lines(), start=block.first_line):
            if not text.strip():
                continue
            if line == 1 and text.lstrip().startswith(b"["):
                raise DataError(f"{path}: found a JSON list; expected an object a line")
            row: dict[str, str] | None
            try:
                row = {name: as_text(value) for name, value in json.loads(_decoded(text, line)).items()}
            except (ValueError, AttributeError, RecursionError, OverflowError):
                row = None
            if row is None or not _is_text("".join(row)):
                report.rows += 1
                report.add_bad("malformed", [line], [text])
            else:
                yield line, row


def _parquet(path: Path, _: TableForm, report: FileReport) -> Iterator[pd.DataFrame]:
    try:
        with pq.ParquetFile(path) as file:
            claimed = sum(file.metadata.row_group(i).total_byte_size for i in range(file.num_row_groups))
            if claimed > most_unpacked(path):
                raise DataError(
                    f"{path}: found {claimed} bytes in a file of {path.stat().st_size}; see docs/security.md"
                )
            check_columns(path, file.schema_arrow.names, [])
            for batch in file.iter_batches(batch_size=ROWS, use_threads=False):
                first, report.rows = report.rows + 1, report.rows + len(batch)
                columns = {name: [as_text(value) for value in batch[name].to_pylist()] for name in batch.schema.names}
                yield pd.DataFrame(columns, range(first, report.rows + 1), dtype=object)
    except (pa.ArrowException, OSError, ValueError, OverflowError, RecursionError) as error:
        raise DataError(f"{path}: cannot be read as a Parquet file ({str(error).strip()[:200]})") from error


def _encodable(chunk: pd.DataFrame, report: FileReport) -> pd.DataFrame:
    """The rows whose texts are characters; half a character is a byte that is no UTF-8, or comes out of JSON."""
    try:
        for column in chunk.columns:
            "".join(chunk[column]).encode()
    except UnicodeEncodeError:
        bad = chunk.apply(lambda row: not _is_text("".join(row)), axis=1).to_numpy(bool)
        report.add_bad("undecodable", chunk.index[bad], chunk[bad].agg(list, axis=1))
        return chunk[~bad]
    return chunk


def _is_text(text: str) -> bool:
    try:
        return bool(text.encode() or True)
    except UnicodeEncodeError:
        return False
