"""Tab-separated lines without quoting, checked row by row."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from semtok.data.containers import Block
from semtok.data.report import FileReport

LINE = "line"
"""Column that holds a row's 1-based line in the file."""


def parse_tsv(block: Block, columns: Sequence[str], encoding: str, report: FileReport) -> pd.DataFrame:
    """The block as string columns, and `line`.

    Rows with another number of fields (`wrong_field_count`) or undecodable bytes (`undecodable`) are left out and
    reported. No quoting: the publishers' files hold bare quotes.
    """
    report.rows += block.n_lines
    numbers = np.arange(block.first_line, block.first_line + block.n_lines)
    text, decodable = _decode(block, encoding)
    fields = pc.split_pattern(text, "\t")
    lengths = pc.list_value_length(fields).to_numpy(zero_copy_only=False)
    wrong = decodable & (lengths != len(columns))
    good = decodable & ~wrong
    if not good.all():
        lines = block.lines()
        report.add_bad("undecodable", numbers[~decodable], [lines[i] for i in np.flatnonzero(~decodable)])
        found = [f"{lengths[i]} fields for {len(columns)}: {lines[i]!r}" for i in np.flatnonzero(wrong)]
        report.add_bad("wrong_field_count", numbers[wrong], found)
    values = pc.list_flatten(fields.filter(pa.array(good)))
    starts = np.arange(0, len(values), len(columns))
    frame = pd.DataFrame({name: values.take(pa.array(starts + i)).to_pandas() for i, name in enumerate(columns)})
    frame[LINE] = numbers[good]
    return frame


def drop_bad(frame: pd.DataFrame, bad: npt.ArrayLike, kind: str, found: pd.Series, report: FileReport) -> pd.DataFrame:
    """`frame` without the rows of the mask `bad`, which are reported with what was `found` in them."""
    mask = np.asarray(bad, dtype=bool)
    if not mask.any():
        return frame
    report.add_bad(kind, frame.loc[mask, LINE], found[mask])
    return frame[~mask]


def _decode(block: Block, encoding: str) -> tuple[pa.StringArray, npt.NDArray[np.bool_]]:
    """Lines as strings, and which of them could be decoded; the others are empty."""
    decodable = np.ones(block.n_lines, dtype=bool)
    try:
        # At once where it can be: a Python object a line takes half of the whole stage's time.
        return _split(block.text.decode(encoding).encode()), decodable
    except UnicodeDecodeError:
        pass
    texts = []
    for i, line in enumerate(block.lines()):
        try:
            texts.append(line.decode(encoding))
        except UnicodeDecodeError:
            decodable[i] = False
            texts.append("")
    return pa.array(texts, pa.string()), decodable


def _split(text: bytes) -> pa.StringArray:
    """The lines of UTF-8 text, each of which ends with LF or CRLF, without a Python object a line."""
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n")
    ends = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == ord("\n"))
    offsets = np.concatenate([[0], ends - np.arange(len(ends))]).astype(np.int32)
    return pa.StringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(text.replace(b"\n", b"")))
