"""Product metadata as gzipped JSON lines (Amazon 2018 and 2023)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from semtok.data.containers import gzip_blocks
from semtok.data.jsonlines import parse_json_lines
from semtok.data.markup import join_texts, plain_text
from semtok.data.raw import RawFile
from semtok.data.report import Report
from semtok.data.reviews import is_metadata

LISTS = ("category", "description")
SCRIPT = "getTime"
"""What gives away a title that is a script of the product's page."""


def read_products(
    files: Sequence[RawFile], wanted: pd.Index, names: Mapping[str, str], report: Report
) -> Iterator[pd.DataFrame]:
    """`raw_id`, `title`, `brand`, `type`, `category`, `description` of the wanted products.

    `names` gives the publisher's name of each. Category and description are lists there, and are joined.
    """
    lists = {names[column] for column in LISTS}
    types = {name: pa.list_(pa.string()) if name in lists else pa.string() for name in names.values()}

    def normalize(row: dict[str, Any]) -> dict[str, Any]:
        """A text where a list belongs is a list of one."""
        return {key: [value] if key in lists and isinstance(value, str) else value for key, value in row.items()}

    for file in filter(is_metadata, files):
        file_report = report.file(file.path)
        for block in gzip_blocks(file.path):
            rows = parse_json_lines(block, pa.schema(types), [names["raw_id"]], normalize, file_report).to_pandas()
            rows = rows.rename(columns={theirs: ours for ours, theirs in names.items()})
            yield _describe(rows[rows["raw_id"].isin(wanted)], report)
        file_report.close()


def _describe(rows: pd.DataFrame, report: Report) -> pd.DataFrame:
    scripts = rows["title"].str.contains(SCRIPT, regex=False, na=False)
    report.counts["titles_that_are_scripts"] += int(scripts.sum())
    return pd.DataFrame(
        {
            "raw_id": rows["raw_id"],
            "title": rows["title"].mask(scripts).map(plain_text, na_action="ignore"),
            "brand": rows["brand"].map(plain_text, na_action="ignore"),
            "type": rows["type"].map(plain_text, na_action="ignore"),
            "category": [join_texts(steps, ", ") for steps in rows["category"]],
            "description": [join_texts(parts, " ") for parts in rows["description"]],
        }
    )
