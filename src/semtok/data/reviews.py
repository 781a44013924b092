"""Reviews as gzipped JSON lines, the form of every Amazon release."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from semtok.data.containers import gzip_blocks
from semtok.data.jsonlines import LINE, parse_json_lines
from semtok.data.raw import EARLIEST, LATEST, RawFile
from semtok.data.report import Report


def is_metadata(file: RawFile) -> bool:
    """Whether a file describes items; every release names those `meta_*`."""
    return file.path.name.startswith("meta_")


def read_reviews(
    files: Sequence[RawFile], user: str, item: str, time: str, per_second: int, report: Report
) -> Iterator[pd.DataFrame]:
    """`user`, `item`, `timestamp` of the reviews, under the field names given; `per_second` is the unit of `time`."""
    schema = pa.schema({user: pa.string(), item: pa.string(), time: pa.int64()})
    for file in files:
        if is_metadata(file):
            continue
        file_report = report.file(file.path)
        for block in gzip_blocks(file.path):
            table = parse_json_lines(block, schema, schema.names, _as_it_is, file_report)
            empty = pc.or_(pc.equal(table.column(user), ""), pc.equal(table.column(item), ""))
            if pc.any(empty).as_py():
                lines = table.column(LINE).filter(empty).to_pylist()
                file_report.add_bad("missing_value", lines, ["empty id"] * len(lines))
                table = table.filter(pc.invert(empty))
            timestamp = table.column(time).to_numpy() // per_second
            valid_time = (timestamp >= EARLIEST) & (timestamp < LATEST)
            if not valid_time.all():
                lines = table.column(LINE).to_numpy()[~valid_time]
                file_report.add_bad("bad_date", lines, table.column(time).to_numpy()[~valid_time])
            named = {"user": table.column(user), "item": table.column(item), "timestamp": pa.array(timestamp)}
            yield pa.table(named).filter(pa.array(np.asarray(valid_time))).to_pandas()
        file_report.close()


def _as_it_is(row: dict[str, Any]) -> dict[str, Any]:
    return row
