"""Amazon reviews of 2023 (Hou et al., 2024): gzip files of JSON lines.

Files named `meta_*` are metadata, the others reviews. The item is the parent product (`parent_asin`): its variants
(colours, sizes) are one item, as in the publishers' own benchmark. Times are in milliseconds; they are cut to seconds,
and reviews of the same second keep the file's order.

`brand` is the `store`, `type` the shop's department (`main_category`), `category` the path joined by commas.
"""

from collections.abc import Iterator, Sequence

import pandas as pd

from semtok.data.products import read_products
from semtok.data.raw import RawFile
from semtok.data.report import Report
from semtok.data.reviews import read_reviews

NAMES = {
    "raw_id": "parent_asin",
    "title": "title",
    "brand": "store",
    "type": "main_category",
    "category": "categories",
    "description": "description",
}


def read_interactions(files: Sequence[RawFile], report: Report) -> Iterator[pd.DataFrame]:
    """Reviews, in the files' order."""
    return read_reviews(files, "user_id", "parent_asin", "timestamp", 1000, report)


def read_items(files: Sequence[RawFile], wanted: pd.Index, report: Report) -> Iterator[pd.DataFrame]:
    """`raw_id`, `title`, `brand`, `type`, `category`, `description`."""
    return read_products(files, wanted, NAMES, report)
