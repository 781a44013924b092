"""Amazon reviews of 2018 (Ni et al., EMNLP 2019): gzip files of JSON lines.

Files named `meta_*` are metadata, the others reviews. Known quirks of the metadata: items repeat, text holds HTML tags
and entities, empty fields are empty strings or empty lists, and the title of some items is a script of their page
(`titles_that_are_scripts` in stats.json; such a title is missing).

`category` is the path from the broad to the narrow, joined by commas; `type` is the shop's department (`main_cat`).
`image` is the first picture at the highest resolution that is listed; `imageURL` (and `image`, as some categories call
it) are thumbnails.
"""

from collections.abc import Iterator, Sequence

import pandas as pd

from semtok.data.products import TEXTS, Pictures, read_products
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


def main_picture(*lists: Sequence[str | None] | None) -> str | None:
    """The first address of the first list that has any."""
    return next((address for addresses in lists if addresses is not None for address in addresses if address), None)


PICTURES = Pictures({name: TEXTS for name in ("imageURLHighRes", "imageURL", "image")}, main_picture)


def read_interactions(files: Sequence[RawFile], report: Report) -> Iterator[pd.DataFrame]:
    """Reviews, in the files' order."""
    return read_reviews(files, "reviewerID", "asin", "unixReviewTime", 1, report)


def read_items(files: Sequence[RawFile], wanted: pd.Index, report: Report) -> Iterator[pd.DataFrame]:
    """`raw_id`, `title`, `brand`, `type`, `category`, `description`, `image`."""
    return read_products(files, wanted, NAMES, PICTURES, report)
