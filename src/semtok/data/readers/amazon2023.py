"""Amazon reviews of 2023 (Hou et al., 2024): gzip files of JSON lines.

Files named `meta_*` are metadata, the others reviews. The item is the parent product (`parent_asin`): its variants
(colours, sizes) are one item, as in the publishers' own benchmark. Times are in milliseconds; they are cut to seconds,
and reviews of the same second keep the file's order.

`brand` is the `store`, `type` the shop's department (`main_category`), `category` the path joined by commas. `image` is
the variant MAIN of the pictures, or the first: its `large` address (about 500 pixels wide, more than an encoder sees),
else `hi_res`, else `thumb`.
"""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd
import pyarrow as pa

from semtok.data.products import Pictures, read_products
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
SIZES = ("large", "hi_res", "thumb")


def main_picture(pictures: Sequence[Mapping[str, str | None] | None] | None) -> str | None:
    """The address of the picture that stands for the product."""
    listed = [picture for picture in ([] if pictures is None else pictures) if picture is not None]
    ordered = sorted(listed, key=lambda picture: picture["variant"] != "MAIN")
    return next((picture[size] for picture in ordered for size in SIZES if picture[size]), None)


PICTURES = Pictures(
    {"images": pa.list_(pa.struct([(name, pa.string()) for name in ("variant", *SIZES)]))}, main_picture
)


def read_interactions(files: Sequence[RawFile], report: Report) -> Iterator[pd.DataFrame]:
    """Reviews, in the files' order."""
    return read_reviews(files, "user_id", "parent_asin", "timestamp", 1000, report)


def read_items(files: Sequence[RawFile], wanted: pd.Index, report: Report) -> Iterator[pd.DataFrame]:
    """`raw_id`, `title`, `brand`, `type`, `category`, `description`, `image`."""
    return read_products(files, wanted, NAMES, PICTURES, report)
