"""Codes that the user brings: an array, or JSON as it is published.

Forms of the JSON: `{item: [3, 141, ...]}`, and `{item: ["<a_3>", "<b_141>", ...]}` of LETTER, LC-Rec and MiniOneRec,
whose files have items of one tuple: collisions as those of any other tokenizer.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import numpy as np

from semtok.config.tokenizers import ExternalTokenizer
from semtok.errors import DataError
from semtok.run.files import read_table
from semtok.run.json_object import read_object
from semtok.tokenizers.base import Codes, TokenizerTask, Tokens

TOKEN = re.compile(r"<([a-z])_([0-9]{1,9})>")
FORM = '{item: ["<a_1>", "<b_2>", ...]} or {item: [1, 2, ...]}'
MAX_CODE = np.iinfo(np.int32).max


def tokenize(task: TokenizerTask) -> Tokens:
    """Read the file; every item of the catalogue needs a tuple, all of one length."""
    options: ExternalTokenizer = task.options
    path = Path(options.path)
    raw_ids = read_table(task.items, columns=["raw_id"])["raw_id"].astype(str).tolist()
    if not path.is_file():
        raise DataError(f"{path}: no such file; expected the codes that `path` names")
    if path.suffix == ".npy":
        return Tokens(read_array_codes(path, len(raw_ids)))
    names = raw_ids if options.keys == "raw" else [str(row) for row in range(len(raw_ids))]
    codes, unknown = read_json_codes(path, names)
    return Tokens(codes, facts={"unknown_items": unknown})


def read_array_codes(path: Path, n_items: int) -> Codes:
    """Read integers [n_items, n_levels] from `.npy`; row i is item i."""
    try:
        # Mapped, since a header may claim more than the file holds. load would also take an archive or a pickle.
        codes = np.lib.format.open_memmap(path, mode="r")
    except (ValueError, EOFError, OSError, OverflowError, TypeError) as error:
        raise DataError(f"{path}: not a readable .npy file of numbers ({error})") from error
    if codes.ndim != 2 or not codes.shape[1] or len(codes) != n_items or not np.issubdtype(codes.dtype, np.integer):
        raise DataError(
            f"{path}: found {codes.dtype} {list(codes.shape)}; expected integers [{n_items}, n_levels], a row per item"
        )
    wrong = np.argwhere((codes < 0) | (codes > MAX_CODE))
    if len(wrong):
        item, level = wrong[0]
        raise DataError(
            f"{path}: item {item}, level {level + 1}: found {codes[item, level]}; expected a code from 0 up"
        )
    return np.array(codes, dtype=np.int32)


def read_json_codes(path: Path, names: Sequence[str]) -> tuple[Codes, int]:
    """Read an object of either form; `names` are the catalogue's items in order.

    Returns [n_items, n_levels] and how many items of the file the catalogue does not have (filtered out, say).
    """
    content = read_object(path, "item", FORM)
    missing = [name for name in names if name not in content]
    if missing:
        raise DataError(
            f"{path}: {len(missing)} of {len(names)} items are missing, the first is {missing[0]!r}; "
            f"the file's first key is {next(iter(content), None)!r} (does `keys` say what its keys are?)"
        )
    tuples = [_parse(path, name, content[name]) for name in names]
    for name, codes in zip(names, tuples, strict=True):
        if len(codes) != len(tuples[0]):
            raise DataError(
                f"{path}: item {name!r} has {len(codes)} codes and item {names[0]!r} has {len(tuples[0])}; "
                "expected as many for each"
            )
    return np.array(tuples, dtype=np.int32), len(content) - len(names)


def _parse(path: Path, name: str, codes: Any) -> list[int]:
    """One item's codes."""
    if not isinstance(codes, list) or not codes:
        raise DataError(f'{path}: item {name!r}: found {codes!r:.120}; expected a list of codes, such as "<a_1>" or 1')
    return [_code(path, name, level, code) for level, code in enumerate(codes)]


def _code(path: Path, name: str, level: int, code: Any) -> int:
    """A number, or a token whose letter says its level."""
    if isinstance(code, int) and not isinstance(code, bool) and 0 <= code <= MAX_CODE:
        return code
    match = TOKEN.fullmatch(code) if isinstance(code, str) else None
    letter = ascii_lowercase[level] if level < len(ascii_lowercase) else None
    if match is None or match[1] != letter:
        raise DataError(
            f'{path}: item {name!r}, level {level + 1}: found {code!r:.120}; expected "<{letter}_N>" or N, from 0 up'
        )
    return int(match[2])
