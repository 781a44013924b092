"""Amazon reviews of 2014 (McAuley et al., SIGIR 2015): gzip files of JSON lines and, for metadata, Python literals.

Files named `meta_*` are metadata, the others reviews (5-core as published). Literals are read by `ast.literal_eval`,
which evaluates nothing. An item lies on several category paths; `category` joins their distinct steps by commas, `type`
is the first step. `image` is the one address listed, `imUrl`.
"""

import ast
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from semtok.data.containers import gzip_blocks
from semtok.data.jsonlines import parse_lines
from semtok.data.markup import join_texts, plain_text
from semtok.data.raw import RawFile
from semtok.data.report import Report
from semtok.data.reviews import is_metadata, read_reviews

COLUMNS = ("raw_id", "title", "brand", "type", "category", "description", "image")
MAX_LITERAL_BYTES = 1 << 20
"""A longer literal is malformed: Python's parser takes a kilobyte of memory for three bytes of the worst."""
ITEM = pa.schema({name: pa.string() for name in COLUMNS})


def read_interactions(files: Sequence[RawFile], report: Report) -> Iterator[pd.DataFrame]:
    """Reviews, in the files' order."""
    return read_reviews(files, "reviewerID", "asin", "unixReviewTime", 1, report)


def read_items(files: Sequence[RawFile], wanted: pd.Index, report: Report) -> Iterator[pd.DataFrame]:
    """`raw_id`, `title`, `brand`, `type`, `category`, `description`, `image`."""
    for file in filter(is_metadata, files):
        file_report = report.file(file.path)
        for block in gzip_blocks(file.path):
            rows = parse_lines(block, ITEM, ["raw_id"], _parse, file_report).to_pandas()
            yield rows.loc[rows["raw_id"].isin(wanted), ITEM.names]
        file_report.close()


def _parse(line: bytes) -> dict[str, Any]:
    if len(line) > MAX_LITERAL_BYTES:
        raise ValueError(f"a literal of {len(line)} bytes; expected at most {MAX_LITERAL_BYTES}")
    row = ast.literal_eval(line.decode("utf-8"))
    image = row.get("imUrl")
    steps = [step for path in row.get("categories") or [] for step in path]
    return {
        "raw_id": row.get("asin"),
        "title": plain_text(row.get("title")),
        "brand": plain_text(row.get("brand")),
        "type": join_texts(steps[:1], ", "),
        "category": join_texts(steps, ", "),
        "description": plain_text(row.get("description")),
        "image": image if isinstance(image, str) else None,
    }
