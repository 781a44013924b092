"""The config of one's own tables: which column of a file is what."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from semtok.config.base import Section

ENDINGS: dict[str, Literal["delimited", "atomic", "lines", "parquet"]] = {
    **{".csv": "delimited", ".tsv": "delimited"},
    **{".inter": "atomic", ".item": "atomic"},
    **{".jsonl": "lines", ".ndjson": "lines", ".json": "lines"},
    ".parquet": "parquet",
}
"""The form of a table by the ending of its name, before any `.gz`."""
UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
"""How many there are in a second."""

Column = Annotated[str, Field(min_length=1, max_length=200)]
"""The name of a column, as its header has it without spaces around; in RecBole's atomic files without its `:type`."""


def ending(path: str) -> str:
    """The ending that says what form a table has."""
    name = path.removesuffix(".gz").rpartition("/")[2]
    return f".{name.rpartition('.')[2]}" if "." in name else ""


class TableForm(Section):
    """How a text file is to be taken apart; Parquet and JSON lines need none of it."""

    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    """What stands between fields; null: a comma in `.csv`, a tab in the others."""
    quotes: bool = True
    """Whether a field that begins with a double quote ends with one, and may hold delimiters, ends of lines and doubled
    quotes; never in RecBole's atomic files."""
    header: list[Column] | None = None
    """The names of the columns of a file whose first line is data already; null: the first line has them."""


class InteractionTable(TableForm):
    """A table of interactions, a row each. Other columns than these are not read."""

    kind: Literal["interactions"]
    """What the rows are."""
    user: Column = "user_id"
    """Whose interaction it is; the defaults are RecBole's."""
    item: Column = "item_id"
    """With what."""
    timestamp: Column | None = "timestamp"
    """When. null: a user's rows stand in their order, and the times are made up."""
    time_format: Annotated[str, Field(min_length=1)] = "s"
    """`s`, `ms`, `us` or `ns` since 1970; `ISO8601`; or a format as Python's strptime has it, such as "%d.%m.%Y %H:%M".
    What names no zone is taken for UTC."""
    rating: Column | None = None
    """Read only for `min_rating`."""
    min_rating: float | None = None
    """Rows with a lower rating are no interactions: dropped and counted."""
    session: Column | None = None
    """Each session of a user is a sequence of its own, as if it were another user's. Where there are sessions and no
    users, `user` names their column and this stays null."""

    @property
    def columns(self) -> dict[str, str]:
        """What is read: its meaning, and the column."""
        named = {name: getattr(self, name) for name in ("user", "item", "timestamp", "rating", "session")}
        return {name: column for name, column in named.items() if column is not None}

    @model_validator(mode="after")
    def _rating_and_minimum(self) -> "InteractionTable":
        if (self.rating is None) != (self.min_rating is None):
            raise ValueError("rating and min_rating together, or neither")
        if self.time_format not in UNITS and self.time_format != "ISO8601" and "%" not in self.time_format:
            raise ValueError(f"time_format: one of {', '.join(UNITS)}, ISO8601, or a format with % directives")
        return self


class ItemTable(TableForm):
    """A table of items, a row each. All other columns than these are texts, for `text_fields`."""

    kind: Literal["items"]
    """What the rows are."""
    id: Column = "item_id"
    """As the interactions name the item."""
    latitude: Column | None = None
    """In degrees, of a place; empty where it is not known."""
    longitude: Column | None = None
    """In degrees."""
    image: Column | None = None
    """Address (http, https) of the item's picture, or its file below the mirror."""

    @property
    def columns(self) -> dict[str, str]:
        """What is no text: its meaning, and the column."""
        named = {"raw_id": self.id, "latitude": self.latitude, "longitude": self.longitude, "image": self.image}
        return {name: column for name, column in named.items() if column is not None}

    @model_validator(mode="after")
    def _both_coordinates(self) -> "ItemTable":
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("latitude and longitude together, or neither")
        return self


RawTable = Annotated[InteractionTable | ItemTable, Field(discriminator="kind")]


def table_mistake(paths: list[str], tables: list[InteractionTable | ItemTable | None], is_table: bool) -> str | None:
    """What is wrong with the files of a dataset; `is_table`: its reader is `table`."""
    if not is_table:
        given = [path for path, table in zip(paths, tables, strict=True) if table is not None]
        return f"files without a `table` where the reader is another; found one of {given[0]}" if given else None
    for path, table in zip(paths, tables, strict=True):
        if table is None:
            return f"a `table` for each file, which says what its columns are; found none for {path}"
        if ending(path) not in ENDINGS:
            return f"files that end in {', '.join(ENDINGS)}, or with .gz behind it; found {path}"
    if not any(isinstance(table, InteractionTable) for table in tables):
        return "a file of `kind: interactions`; found items only"
    return None
