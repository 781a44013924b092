"""Amazon reviews of 2018 (Ni et al., EMNLP 2019): gzip files of JSON lines.

Files named `meta_*` are metadata, the others reviews. Known quirks of the metadata: items repeat, text holds HTML tags
and entities, empty fields are empty strings or empty lists, and the title of some items is a script of their page
(`titles_that_are_scripts` in stats.json; such a title is missing).

`category` is the path from the broad to the narrow, joined by commas; `type` is the shop's department (`main_cat`).
"""

from collections.abc import Iterator, Sequence

import pandas as pd

from semtok.data.products import read_products
from semtok.data.raw import RawFile
from semtok.data.report import Report
from semtok.data.reviews import read_reviews

NAMES = {
    "raw_id": "asin",
    "title": "title",
    "brand": "brand",
    "type": "main_cat",
    "category": "category",
    "description": "description",
}


def read_interactions(files: Sequence[RawFile], report: Report) -> Iterator[pd.DataFrame]:
    """Reviews, in the files' order."""
    return read_reviews(files, "reviewerID", "asin", "unixReviewTime", 1, report)


def read_items(files: Sequence[RawFile], wanted: pd.Index, report: Report) -> Iterator[pd.DataFrame]:
    """`raw_id`, `title`, `brand`, `type`, `category`, `description`."""
    return read_products(files, wanted, NAMES, report)
