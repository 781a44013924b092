"""Yelp Open Dataset: `yelp_academic_dataset_business.json` and `yelp_academic_dataset_review.json`, lines of JSON that
may be packed by gzip.

A review of more than MAX_DISLIKED stars is an interaction (STORE: "ratings above 3"); the others are counted.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from semtok.data.containers import text_blocks
from semtok.data.jsonlines import parse_json_lines
from semtok.data.markup import plain_text
from semtok.data.raw import RawFile, unix_seconds
from semtok.data.report import FileReport, Report
from semtok.data.tsv import drop_bad
from semtok.errors import DataError

MAX_DISLIKED = 3
STARS = (1, 5)
TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
NAMES = {
    **{"raw_id": "business_id", "name": "name", "city": "city", "address": "address"},
    **{"state": "state", "category": "categories"},
}
"""Our names of what is read of a business, and the publisher's."""
BUSINESS = pa.schema({name: pa.string() for name in NAMES.values()})
REVIEW = pa.schema({"user_id": pa.string(), "business_id": pa.string(), "stars": pa.float64(), "date": pa.string()})


def describes_businesses(file: RawFile) -> bool:
    """Whether a file has businesses; the others have reviews."""
    return "business" in file.path.name


def read_interactions(files: Sequence[RawFile], report: Report) -> Iterator[pd.DataFrame]:
    """Reviews that like the business, in the files' order: `user`, `item`, `timestamp`."""
    if all(map(describes_businesses, files)):
        names = ", ".join(str(file.path) for file in files)
        raise DataError(f"{names}: expected a file of reviews, whose name has no `business` in it")
    for file in files:
        if describes_businesses(file):
            continue
        file_report = report.file(file.path)
        for block in text_blocks(file.path):
            rows = parse_json_lines(block, REVIEW, REVIEW.names, _as_it_is, file_report).to_pandas()
            rows = _usable(rows, file_report)
            liked = rows["stars"] > MAX_DISLIKED
            report.counts["reviews_that_do_not_like"] += int((~liked).sum())
            yield rows.loc[liked, ["user_id", "business_id", "timestamp"]].rename(
                columns={"user_id": "user", "business_id": "item"}
            )
        file_report.close()


def read_items(files: Sequence[RawFile], wanted: pd.Index, report: Report) -> Iterator[pd.DataFrame]:
    """`raw_id`, `name`, `city`, `address`, `state`, `category` of the wanted businesses."""
    for file in filter(describes_businesses, files):
        file_report = report.file(file.path)
        for block in text_blocks(file.path):
            table = parse_json_lines(block, BUSINESS, [NAMES["raw_id"]], _as_it_is, file_report)
            rows = table.to_pandas().rename(columns={theirs: ours for ours, theirs in NAMES.items()})
            rows = drop_bad(rows, rows["raw_id"] == "", "missing_value", rows["raw_id"], file_report)
            rows = rows.loc[rows["raw_id"].isin(wanted), list(NAMES)]
            yield rows.assign(**{name: rows[name].map(plain_text, na_action="ignore") for name in list(NAMES)[1:]})
        file_report.close()


def _usable(rows: pd.DataFrame, report: FileReport) -> pd.DataFrame:
    """Reviews with ids, a number of stars that Yelp gives, and a date; with `timestamp`."""
    empty = (rows["user_id"] == "") | (rows["business_id"] == "")
    rows = drop_bad(rows, empty, "missing_value", pd.Series("empty id", rows.index), report)
    rows = drop_bad(rows, ~rows["stars"].between(*STARS), "bad_rating", rows["stars"], report)
    timestamp, valid_time = unix_seconds(rows["date"], TIME_FORMAT)
    rows = rows.assign(timestamp=np.asarray(timestamp))
    return drop_bad(rows, ~valid_time, "bad_date", rows["date"], report)


def _as_it_is(row: dict[str, Any]) -> dict[str, Any]:
    return row
