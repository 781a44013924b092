"""Product metadata as gzipped JSON lines (Amazon 2018 and 2023)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa

from semtok.data.containers import gzip_blocks
from semtok.data.jsonlines import JSONRow, parse_json_lines
from semtok.data.markup import join_texts, plain_text
from semtok.data.raw import RawFile
from semtok.data.report import Report
from semtok.data.reviews import is_metadata

LISTS = ("category", "description")
TEXTS = pa.list_(pa.string())
SCRIPT = "getTime"
"""What gives away a title that is a script of the product's page."""


@dataclass(frozen=True)
class Pictures:
    """Where a release lists a product's pictures."""

    types: Mapping[str, pa.DataType]
    """The publisher's fields and what they hold."""
    main: Callable[..., str | None]
    """The address of the main picture, from the values of these fields; None where there is none."""


def read_products(
    files: Sequence[RawFile], wanted: pd.Index, names: Mapping[str, str], pictures: Pictures, report: Report
) -> Iterator[pd.DataFrame]:
    """`raw_id`, `title`, `brand`, `type`, `category`, `description`, `image` of the wanted products.

    `names` gives the publisher's name of each. Category and description are lists there, and are joined. `image` is the
    address of the main picture.
    """
    lists = {names[column] for column in LISTS} | {name for name, kind in pictures.types.items() if kind == TEXTS}
    texts = {name: TEXTS if name in lists else pa.string() for name in names.values()}
    schema = pa.schema(texts | dict(pictures.types))

    def normalize(row: JSONRow) -> JSONRow:
        """A text where a list belongs is a list of one; pictures in an odd shape are none."""
        row = {key: [value] if key in lists and isinstance(value, str) else value for key, value in row.items()}
        return row | {name: _fitting(row.get(name), kind) for name, kind in pictures.types.items()}

    for file in filter(is_metadata, files):
        file_report = report.file(file.path)
        for block in gzip_blocks(file.path):
            table = parse_json_lines(block, schema, [names["raw_id"]], normalize, file_report)
            is_wanted = table.column(names["raw_id"]).to_pandas().isin(wanted)
            rows = table.filter(pa.array(is_wanted)).to_pandas()
            rows = rows.rename(columns={theirs: ours for ours, theirs in names.items()})
            image = [pictures.main(*values) for values in zip(*(rows[name] for name in pictures.types), strict=True)]
            yield _describe(rows, report).assign(image=pd.array(image, dtype="string"))
        file_report.close()


def _fitting(value: Any, kind: pa.DataType) -> Any:
    try:
        pa.array([value], kind)
    except pa.ArrowException:
        return None
    return value


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
