"""JSON lines: whole blocks at once where every line is well-formed, line by line where one is not."""

import json
from codecs import BOM_UTF8
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.json

from semtok.data.containers import Block
from semtok.data.report import FileReport

JSONRow = dict[str, Any]
LINE = "line"
"""Column that holds a row's 1-based line in the file."""
UNUSABLE = (
    *(ValueError, SyntaxError, TypeError, AttributeError, OverflowError, RecursionError, MemoryError),
    pa.ArrowException,
)
"""What parsing a line and fitting it to a schema raise where the line is at fault."""


def parse_json_lines(
    block: Block, schema: pa.Schema, required: list[str], normalize: Callable[[JSONRow], JSONRow], report: FileReport
) -> pa.Table:
    """The fields of `schema` and `line`; absent fields are null, but rows without a `required` one are left out.

    `normalize` brings a row of an odd shape into the schema's; it is only called where the block as a whole does not
    fit. Rows that are not a JSON object or do not fit even so are `malformed`, rows without a required value
    `missing_value`; both are left out and reported.
    """
    report.rows += block.n_lines
    # A block whose empty lines make up for lines of two objects would pass the count of rows.
    table = None if b"\n\n" in block.text else _parse_block(block.text, schema)
    if (
        table is not None
        and len(table) == block.n_lines
        and not any(table.column(name).null_count for name in required)
    ):
        return _with_lines(table, np.arange(block.first_line, block.first_line + block.n_lines))
    # Bytes that cannot be decoded only matter in the fields of the schema, here as where the block fits as a whole.
    return _parse_each(
        block,
        schema,
        required,
        lambda line: normalize(json.loads(line.decode("utf-8", "surrogateescape"))),
        report,
    )


def parse_lines(
    block: Block, schema: pa.Schema, required: list[str], parse: Callable[[bytes], JSONRow], report: FileReport
) -> pa.Table:
    """As `parse_json_lines`, each line by `parse`, which raises what json or ast raise."""
    report.rows += block.n_lines
    return _parse_each(block, schema, required, parse, report)


def _parse_each(
    block: Block, schema: pa.Schema, required: list[str], parse: Callable[[bytes], JSONRow], report: FileReport
) -> pa.Table:
    rows: list[JSONRow] = []
    lines: list[int] = []
    for number, line in enumerate(block.lines(), start=block.first_line):
        try:
            row = parse(line)
            fitted = {name: row.get(name) for name in schema.names}
            pa.Table.from_pylist([fitted], schema=schema)
        except UNUSABLE:
            report.add_bad("malformed", [number], [line])
            continue
        absent = [name for name in required if fitted[name] is None]
        if absent:
            report.add_bad("missing_value", [number], [f"no {', '.join(absent)}: {line!r}"])
        else:
            rows.append(fitted)
            lines.append(number)
    return _with_lines(pa.Table.from_pylist(rows, schema=schema), lines)


def _with_lines(table: pa.Table, lines: npt.ArrayLike) -> pa.Table:
    return table.append_column(LINE, pa.array(lines, pa.int64()))


def _parse_block(text: bytes, schema: pa.Schema) -> pa.Table | None:
    """The block, or None if it does not fit the schema."""
    # Arrow (26) dies of a null where it expects the first object.
    if not text.removeprefix(BOM_UTF8).startswith(b"{"):
        return None
    try:
        table = pyarrow.json.read_json(
            pa.BufferReader(text),
            # One thread, one block: a job uses the processors it asked for, and rows keep their order.
            read_options=pyarrow.json.ReadOptions(use_threads=False, block_size=len(text) + 1),
            parse_options=pyarrow.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
        )
        # Arrow does not look at the bytes of strings while it parses.
        table.validate(full=True)
    except pa.ArrowException:
        return None
    return table.select(schema.names)
