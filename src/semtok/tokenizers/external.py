"""Codes that the user brings: an array, or the JSON that LETTER and LC-Rec publish."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import numpy as np

from semtok.config.tokenizers import ExternalTokenizer
from semtok.errors import DataError
from semtok.run.files import read_table
from semtok.tokenizers.base import Codes, Task, Tokens

TOKEN = re.compile(r"<([a-z])_([0-9]{1,9})>")
MAX_JSON_BYTES = 1 << 30
"""A larger JSON would take tens of gigabytes of memory; `.npy` is read from disk."""


def tokenize(task: Task) -> Tokens:
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
    wrong = np.argwhere((codes < 0) | (codes > np.iinfo(np.int32).max))
    if len(wrong):
        item, level = wrong[0]
        raise DataError(
            f"{path}: item {item}, level {level + 1}: found {codes[item, level]}; expected a code from 0 up"
        )
    return np.array(codes, dtype=np.int32)


def read_json_codes(path: Path, names: Sequence[str]) -> tuple[Codes, int]:
    """Read `{item: ["<a_1>", "<b_2>", ...]}`; `names` are the catalogue's items in order.

    Returns [n_items, n_levels] and how many items of the file the catalogue does not have (filtered out, say).
    """
    size = path.stat().st_size
    if size > MAX_JSON_BYTES:
        raise DataError(f"{path}: found {size} bytes of JSON; expected at most {MAX_JSON_BYTES}, or the codes as .npy")
    try:
        content = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as error:
        raise DataError(f'{path}: not usable JSON ({error}); expected {{item: ["<a_1>", ...]}}') from error
    if not isinstance(content, dict):
        raise DataError(f'{path}: found a JSON {type(content).__name__}; expected an object {{item: ["<a_1>", ...]}}')
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


def _parse(path: Path, name: str, tokens: Any) -> list[int]:
    """One item's codes; the letter of a token says its level."""
    if not isinstance(tokens, list) or not tokens:
        raise DataError(f'{path}: item {name!r}: found {tokens!r}; expected a list of tokens such as "<a_1>"')
    codes = []
    for level, token in enumerate(tokens):
        match = TOKEN.fullmatch(token) if isinstance(token, str) else None
        expected = ascii_lowercase[level] if level < len(ascii_lowercase) else None
        if match is None or match[1] != expected:
            raise DataError(
                f'{path}: item {name!r}, level {level + 1}: found {token!r}; expected "<{expected}_N>" with N from 0 up'
            )
        codes.append(int(match[2]))
    return codes


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    repeated = [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]
    if repeated:
        raise ValueError(f"item {repeated[0]!r} occurs twice")
    return dict(pairs)
