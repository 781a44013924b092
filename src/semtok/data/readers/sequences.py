"""Sequences as papers publish them beside their codes, in files of any name but `*item.json`, which is
`{item: {field: text, ...}}` (LETTER, LC-Rec, MiniOneRec: `X.item.json`).

- LETTER's and LC-Rec's (`X.inter.json`) are JSON `{user: [item, ...]}`, oldest first.
- MiniOneRec's are CSV of a sample a row, `user_id`, `history_item_id` (a list as Python writes it, of the latest few)
  and `item_id`, in files of train, validation and test. A user's sequence is put together again: the first sample's
  history, and the targets in the order of the files and their rows, which each history must agree with.
- An item's place in its list is all that is known of its time. The j-th gets the j-th second of 1990: the order within
  a user is real, the times are made up (`made_up_times` in stats.json), and nothing may be split by them.
- These files are made by programs, so that what is unusable is no isolated bad row but another format: an error that
  names the user or the item.
- Items are described by whatever fields the file has. Without such a file they have no texts (`text_fields: []`).
"""

import ast
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from semtok.config.tables import TableForm, ending
from semtok.data.markup import join_texts
from semtok.data.raw import EARLIEST, RawFile
from semtok.data.report import Report
from semtok.data.rows import read_rows
from semtok.errors import DataError
from semtok.run.json_object import read_object

SEQUENCES = "{user: [item, ...]}"
SAMPLES = ("user_id", "history_item_id", "item_id")
"""Columns of a sample."""
ITEMS = "{item: {field: text, ...}}"
MAX_FIELDS = 100
"""Every field is a column of all items; a hundred thousand of them would be a table that no memory holds."""
OTHER_COLUMNS = frozenset({"raw_id", "item", "image", "latitude", "longitude"})
"""Of items.parquet that are not texts: fields of these names are left out."""
HALF_CHARACTERS = re.compile("[\ud800-\udfff]")


def describes_items(file: RawFile) -> bool:
    """Whether a file has the items' texts; the others have sequences."""
    return file.path.name.endswith("item.json")


def read_interactions(files: Sequence[RawFile], report: Report) -> Iterator[pd.DataFrame]:
    """The users' sequences, in the files' order; one chunk a file of sequences, and one for all files of samples."""
    sequences_of = [file for file in files if not describes_items(file)]
    if not sequences_of:
        names = ", ".join(str(file.path) for file in files)
        raise DataError(f"{names}: expected a file of sequences {SEQUENCES}, whose name does not end in item.json")
    seen: set[str] = set()
    for file in sequences_of:
        if _has_samples(file):
            continue
        content = read_object(file.path, "user", SEQUENCES)
        if repeated := seen.intersection(content):
            raise DataError(
                f"{file.path}: user {min(repeated)!r} is in a file before this one; expected each user once"
            )
        seen.update(content)
        sequences = {_user(file, user): _items(file, user, items) for user, items in content.items()}
        file_report = report.file(file.path)
        file_report.rows = sum(map(len, sequences.values()))
        file_report.close()
        yield _in_seconds(sequences, report)
    sequences = _of_samples([file for file in sequences_of if _has_samples(file)], report)
    if repeated := seen.intersection(sequences):
        raise DataError(f"{sequences_of[-1].path}: user {min(repeated)!r} is in a file of another form, too")
    if sequences:
        yield _in_seconds(sequences, report)


def read_items(files: Sequence[RawFile], wanted: pd.Index, report: Report) -> Iterator[pd.DataFrame]:
    """`raw_id`, and the fields of the files of items; without such a file, `raw_id` of all that are wanted."""
    described = [file for file in files if describes_items(file)]
    if not described:
        yield pd.DataFrame({"raw_id": wanted})
    for file in described:
        content = read_object(file.path, "key", ITEMS)
        file_report = report.file(file.path)
        file_report.rows = len(content)
        file_report.close()
        for item, values in content.items():
            if not isinstance(values, dict):
                raise DataError(
                    f"{file.path}: item {item!r:.120}: found {values!r:.120}; expected {{field: text, ...}}"
                )
        fields = dict.fromkeys(field for values in content.values() for field in values)
        names = [field for field in fields if _is_text(field) and field not in OTHER_COLUMNS]
        if len(names) > MAX_FIELDS:
            raise DataError(f"{file.path}: found {len(names)} different fields; expected at most {MAX_FIELDS}")
        kept = [item for item in content if item in wanted]
        texts = {field: [_text(content[item].get(field)) for item in kept] for field in names}
        yield pd.DataFrame({"raw_id": kept, **texts}, dtype="string")


def _in_seconds(sequences: dict[str, list[str]], report: Report) -> pd.DataFrame:
    """`user`, `item` and the made-up `timestamp` of all sequences."""
    lengths = np.array([len(items) for items in sequences.values()], dtype=np.int64)
    position = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    report.counts["made_up_times"] += len(position)
    return pd.DataFrame(
        {
            "user": np.repeat(np.array(list(sequences), dtype=object), lengths),
            "item": [item for items in sequences.values() for item in items],
            "timestamp": EARLIEST + position,
        }
    )


def _has_samples(file: RawFile) -> bool:
    return ending(file.path.name) == ".csv"


def _of_samples(files: Sequence[RawFile], report: Report) -> dict[str, list[str]]:
    """The users' sequences of all files together: each sample continues what the samples before it have told."""
    sequences: dict[str, list[str]] = {}
    for file in files:
        file_report = report.file(file.path)
        for rows in read_rows(file.path, TableForm(), SAMPLES, False, file_report):
            for line, user, listed, target in rows.itertuples():
                history = _history(file, line, listed)
                before = sequences.setdefault(_user(file, user), history)
                if not history or before[-len(history) :] != history:
                    raise DataError(
                        f"{file.path}: line {line}: user {user!r:.120} has the history {history!r:.120}; expected the "
                        f"end of {before[-10:]!r:.120} (are the files in the order train, validation, test?)"
                    )
                before += _items(file, user, [target])
        file_report.close()
    return sequences


def _history(file: RawFile, line: int, listed: str) -> list[str]:
    """The items of a list as Python writes it, of numbers or of texts."""
    try:
        history = ast.literal_eval(listed)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        history = None
    if not isinstance(history, list):
        raise DataError(f"{file.path}: line {line}: found history_item_id {listed!r:.120}; expected [item, ...]")
    return [str(item) for item in history]


def _user(file: RawFile, user: str) -> str:
    if not _is_text(user):
        raise DataError(f"{file.path}: found the user {user!r:.120}; expected an id of readable characters")
    return user


def _items(file: RawFile, user: str, items: Any) -> list[str]:
    """A user's items by their raw ids: numbers as they are written."""
    if not isinstance(items, list) or not items:
        raise DataError(
            f"{file.path}: user {user!r:.120}: found {items!r:.120}; expected a list of items, oldest first"
        )
    for place, item in enumerate(items, start=1):
        is_number = isinstance(item, int) and not isinstance(item, bool)
        if not is_number and not _is_text(item):
            raise DataError(
                f"{file.path}: user {user!r:.120}, item {place} of {len(items)}: found {item!r:.120}; expected an "
                "integer or a string"
            )
    return [str(item) for item in items]


def _is_text(value: Any) -> bool:
    """Whether it is a string with something in it, and can be written as UTF-8: JSON may hold halves of characters."""
    return isinstance(value, str) and value != "" and (value.isascii() or not HALF_CHARACTERS.search(value))


def _text(value: Any) -> str | None:
    """A field's text: the parts of a list by commas; None for what is no text."""
    parts = value if isinstance(value, list) else [value]
    return join_texts([str(part) for part in parts if _is_text(part) or type(part) in (int, float)], ", ")
