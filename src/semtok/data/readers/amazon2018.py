"""Amazon reviews of 2018 (Ni et al., EMNLP 2019): gzip files of JSON lines.

Files named `meta_*` are metadata, the others reviews. Known quirks of the metadata: items repeat, text holds HTML tags
and entities, empty fields are empty strings or empty lists, and the title of some items is a script of their page
(`titles_that_are_scripts` in stats.json; such a title is missing).

`category` is the path from the broad to the narrow, joined by commas; `type` is the shop's department (`main_cat`).
"""

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from semtok.data.containers import gzip_blocks
from semtok.data.jsonlines import parse_json_lines
from semtok.data.markup import plain_text
from semtok.data.raw import RawFile
from semtok.data.report import Report
from semtok.data.reviews import is_metadata, read_reviews

TEXTS = pa.list_(pa.string())
ITEM = pa.schema(
    {
        "asin": pa.string(),
        "title": pa.string(),
        "brand": pa.string(),
        "main_cat": pa.string(),
        "category": TEXTS,
        "description": TEXTS,
    }
)
SCRIPT = "getTime"


def read_interactions(files: Sequence[RawFile], report: Report) -> Iterator[pd.DataFrame]:
    """Reviews, in the files' order."""
    return read_reviews(files, "reviewerID", "asin", "unixReviewTime", 1, report)


def read_items(files: Sequence[RawFile], wanted: pd.Index, report: Report) -> Iterator[pd.DataFrame]:
    """`raw_id`, `title`, `brand`, `type`, `category`, `description`."""
    for file in filter(is_metadata, files):
        file_report = report.file(file.path)
        for block in gzip_blocks(file.path):
            rows = parse_json_lines(block, ITEM, ["asin"], _normalize, file_report).to_pandas()
            rows = rows[rows["asin"].isin(wanted)]
            scripts = rows["title"].str.contains(SCRIPT, regex=False, na=False)
            report.counts["titles_that_are_scripts"] += int(scripts.sum())
            yield pd.DataFrame(
                {
                    "raw_id": rows["asin"],
                    "title": rows["title"].mask(scripts).map(plain_text, na_action="ignore"),
                    "brand": rows["brand"].map(plain_text, na_action="ignore"),
                    "type": rows["main_cat"].map(plain_text, na_action="ignore"),
                    "category": [_join(steps, ", ") for steps in rows["category"]],
                    "description": [_join(parts, " ") for parts in rows["description"]],
                }
            )
        file_report.close()


def _normalize(row: dict[str, Any]) -> dict[str, Any]:
    """A text where a list belongs is a list of one."""
    return {
        key: [value] if key in ("category", "description") and isinstance(value, str) else value
        for key, value in row.items()
    }


def _join(parts: Sequence[str] | None, by: str) -> str | None:
    texts = [plain_text(part) for part in parts] if parts is not None else []
    return by.join(text for text in texts if text) or None
