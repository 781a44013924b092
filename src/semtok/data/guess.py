"""What the columns of somebody's tables are, by their names and by what stands in them."""

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from semtok.config.tables import ENDINGS, UNITS, InteractionTable, ItemTable, TableForm, ending
from semtok.data.containers import text_blocks
from semtok.data.raw import RawFile
from semtok.data.readers.table import timestamps
from semtok.data.report import FileReport
from semtok.data.rows import read_rows
from semtok.errors import DataError

NAMES = {
    "user": "user userid uid username customer customerid client clientid visitor visitorid reviewer reviewerid member "
    "memberid account accountid person personid session sessionid",
    "item": "item itemid iid product productid asin parentasin sku movie movieid book bookid track trackid song songid "
    "artist artistid poi poiid venue venueid place placeid business businessid article articleid news newsid video "
    "videoid game gameid",
    "timestamp": "timestamp ts time datetime date unixreviewtime unixtime created createdat createdtime eventtime "
    "eventtimestamp reviewtime when",
    "rating": "rating ratings overall stars score",
    "session": "session sessionid",
    "id": "id itemid",
    "latitude": "latitude lat",
    "longitude": "longitude lon lng long",
    "image": "image imageurl imagepath img imgurl picture pictureurl photo photourl thumbnail imurl cover coverurl",
}
"""Small letters and digits of what columns are called; the first that is there is taken."""
TITLES = ("title", "name", "itemname", "itemtitle", "productname", "producttitle")
"""Stand first in an item's text."""
DELIMITERS = (",", ";", "\t", "|")
MOSTLY = 0.9
"""Share of the values that must be what is guessed."""

Given = Mapping[str, Any]
"""What the user says instead of a guess: `user`, `item`, ... as the options of a table, and `text`."""


def interactions_of(path: Path, given: Given) -> InteractionTable:
    """What the columns of a table of interactions are. DataError, with the option to set, where that is not clear."""
    form = _form(path, given)
    sample = _sample(path, form)
    columns = {name: guessed_column(path, sample.columns, name, given, True) for name in ("user", "item")}
    timestamp = (
        guessed_column(path, sample.columns, "timestamp", given, True) if given.get("timestamp") != "none" else None
    )
    table: dict[str, Any] = {"kind": "interactions", **form, **columns, "timestamp": timestamp}
    table |= {name: given[name] for name in ("rating", "min_rating", "session") if given.get(name) is not None}
    for name in ("rating", "session"):
        guessed_column(path, sample.columns, name, given, False)
    if timestamp is not None:
        table["time_format"] = given.get("time_format") or time_format_of(path, sample[timestamp])
    return InteractionTable.model_validate(table)


def items_of(path: Path, item: str, given: Given) -> tuple[ItemTable, list[str]]:
    """What the columns of a table of items are, and which of them are texts.

    Args:
        path: the table.
        item: the column of the item in the interactions: most likely called the same here.
        given: see `Given`.
    """
    form = _form(path, {**given, "header": None})
    sample = _sample(path, form)
    if given.get("id") is None and item in sample.columns:
        given = {**given, "id": item}
    table: dict[str, Any] = {
        "kind": "items",
        **form,
        "id": guessed_column(path, sample.columns, "id", given, True, "item"),
    }
    table |= {
        name: column
        for name in ("latitude", "longitude", "image")
        if (column := guessed_column(path, sample.columns, name, given, False)) is not None
    }
    if not {"latitude", "longitude"} <= table.keys():
        table = {name: value for name, value in table.items() if name not in ("latitude", "longitude")}
    texts = given.get("text")
    if texts is None:
        rest = [name for name in sample.columns if name not in table.values() and _is_text(sample[name])]
        texts = sorted(rest, key=lambda name: _plain(name) not in TITLES)
    for name in texts:
        _known(path, sample.columns, "text", name)
    return ItemTable.model_validate(table), list(texts)


def guessed_column(
    path: Path, columns: Collection[str], role: str, given: Given, is_needed: bool, *also: str
) -> str | None:
    """The column of a role: as given, or by its name, also by the names of other roles."""
    if (chosen := given.get(role)) is not None:
        return _known(path, columns, role, chosen)
    by_name = {_plain(column): column for column in reversed(list(columns))}
    for name in " ".join(NAMES[one] for one in (role, *also)).split():
        if name in by_name:
            return by_name[name]
    if is_needed:
        raise DataError(
            f"{path}: found the columns {', '.join(columns)}; cannot tell which is the {role}: expected "
            f"--{role} COLUMN{' (or --timestamp none, if rows stand in their order)' if role == 'timestamp' else ''}"
        )
    return None


def time_format_of(path: Path, times: pd.Series) -> str:
    """The unit or format of most times."""
    for time_format in (*UNITS, "ISO8601"):
        _, valid = timestamps(times, time_format, RawFile(path))
        if valid.mean() >= MOSTLY:
            return time_format
    raise DataError(
        f"{path}: cannot tell how times such as {', '.join(map(repr, times.head(3)))} are written; expected "
        f"--time-format {', '.join(UNITS)}, ISO8601, or a format such as %d.%m.%Y"
    )


def _form(path: Path, given: Given) -> dict[str, Any]:
    """How a text file is taken apart."""
    if ending(path.name) not in ENDINGS:
        raise DataError(f"{path}: expected a file that ends in {', '.join(ENDINGS)}, or with .gz behind it")
    if ENDINGS[ending(path.name)] != "delimited":
        return {}
    block = next(text_blocks(path), None)
    first = block.lines()[0].decode("utf-8", "replace") if block else ""
    delimiter = given.get("delimiter") or max(DELIMITERS, key=first.count)
    header = given.get("header")
    if header is None and any(re.fullmatch(r"-?\d+(\.\d+)?", field.strip('" ')) for field in first.split(delimiter)):
        raise DataError(f"{path}: line 1: found {first!r:.120}, which are no names of columns; expected --header A,B,C")
    usual = "," if ending(path.name) == ".csv" else "\t"
    form = {"delimiter": None if delimiter == usual else delimiter, "header": header}
    return {name: value for name, value in form.items() if value is not None}


def _sample(path: Path, form: Mapping[str, Any]) -> pd.DataFrame:
    """The first rows, as texts."""
    report = FileReport(path)
    found = next(read_rows(path, TableForm.model_validate(form), [], True, report), None)
    if found is None or found.empty:
        raise DataError("\n  ".join([f"{path}: found no rows", *report.examples]))
    return found


def _known(path: Path, columns: Collection[str], role: str, chosen: str) -> str:
    if chosen not in columns:
        raise DataError(f"{path}: --{role} {chosen}: no such column; expected one of {', '.join(columns)}")
    return chosen


def _is_text(values: pd.Series) -> bool:
    """Whether most values are words, and not all the same: no numbers, no addresses."""
    values = values[values != ""]
    if values.nunique() < 2:
        return False
    is_number = pd.to_numeric(values, errors="coerce").notna() | values.str.match(r"https?://")
    return bool(is_number.mean() < 1 - MOSTLY)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
