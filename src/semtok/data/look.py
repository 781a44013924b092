"""A look at a user's tables before there is a config: what stands in them, and what filters leave of it."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from semtok.config.data import Filters
from semtok.config.tables import InteractionTable
from semtok.data.dataset_statistics import statistics
from semtok.data.filters import apply_filters
from semtok.data.guess import interactions_of, items_of
from semtok.data.prepare import MAX_UNLISTED_SHARE
from semtok.data.raw import Events, RawFile, collect
from semtok.data.readers import table
from semtok.data.report import FileReport, Report
from semtok.errors import DataError

MINIMA = ((5, 5), (3, 1))
"""Of interactions of a user and of an item, the usual first: what leaves most of the data is taken."""
MIN_KEPT = 0.5
FEW_USERS = 20


@dataclass(frozen=True)
class Found:
    """What stands in a user's files."""

    files: list[RawFile]
    events: Events
    items: pd.DataFrame
    """Of those in interactions, by raw id."""
    texts: list[str]
    """Names of the columns of texts."""
    report: Report
    repeated_ids: list[str]
    """Of items that have several rows, of which the first counts."""

    def share_with(self, columns: Sequence[str]) -> float:
        """Which part of the items has one of these columns."""
        return float(self.items[list(columns)].replace("", None).notna().any(axis=1).sum()) / len(self.events.items)

    @property
    def without_text(self) -> str:
        """Whether items without texts are so few that they can be left out."""
        return "drop" if self.texts and self.share_with(self.texts) >= 1 - MAX_UNLISTED_SHARE else "keep"


def look(interactions: Path, items: Path | None, given: Mapping[str, Any]) -> Found:
    """Guess what the columns are, and read the files as the workflow will."""
    first = interactions_of(interactions, given)
    files, texts = [RawFile(interactions, table=first)], list[str]()
    if items is not None:
        second, texts = items_of(items, first.item, given)
        files.append(RawFile(items, table=second))
    report = Report()
    events = collect(table.read_interactions(files, report))
    if not len(events.item):
        raise DataError(
            f"{interactions}: no interaction is left; expected a lower --min-rating than {given['min_rating']}"
        )
    rows = pd.concat(table.read_items(files, events.items, report))
    repeated = rows.loc[rows["raw_id"].duplicated(), "raw_id"].unique().tolist()
    described = rows.drop_duplicates("raw_id").set_index("raw_id")
    n_unlisted = int(np.isin(events.item, np.flatnonzero(~events.items.isin(described.index))).sum())
    if n_unlisted > MAX_UNLISTED_SHARE * len(events.item):
        raise DataError(
            f"{items}: {n_unlisted} of {len(events.item)} interactions have items that it does not list, such as "
            f"{list(events.items.difference(described.index)[:3])}; expected the same ids in both files: --item COLUMN "
            "of the one and --id COLUMN of the other"
        )
    return Found(files, events, described, texts, report, repeated)


def filters_of(of_user: int, of_item: int, without_text: str) -> dict[str, Any]:
    """Filters of a dataset: these minima, and else nothing left out."""
    return {
        "without_text": without_text,
        "duplicates": "keep",
        "min_user_length": of_user,
        "min_item_count": of_item,
        "max_user_length": None,
        "last_interactions": None,
    }


def minima_of(events: Events) -> tuple[int, int, Events]:
    """The minima that the data can do with, and what they leave."""
    order = np.lexsort((events.timestamp, events.user))
    user, item, timestamp = events.user[order], events.item[order], events.timestamp[order]
    for of_user, of_item in MINIMA:
        filters = Filters.model_validate(filters_of(of_user, of_item, "keep"))
        rows = apply_filters(user, item, timestamp, filters, Counter())
        if len(rows) >= MIN_KEPT * len(order):
            break
    if not len(rows):
        raise DataError(f"no user has {of_user} interactions; expected some whose last two can be held out")
    kept = Events(user[rows], item[rows], timestamp[rows], events.users, events.items)
    return of_user, of_item, kept


def summary(found: Found) -> str:
    """What was found, in a few lines."""
    events = found.events
    told = [_about(file, report, found.texts) for file, report in zip(found.files, found.report.files, strict=True)]
    if not found.report.counts["made_up_times"]:
        rows = pd.DataFrame({"user": events.user, "item": events.item, "timestamp": events.timestamp})
        if repeated := int(rows.duplicated().sum()):
            told.append(
                f"{repeated:,} rows repeat another's user, item and time and are kept (filters.duplicates: keep)"
            )
    if ids := found.repeated_ids:
        told.append(f"{len(ids):,} items have several rows, of which the first counts, such as {', '.join(ids[:3])}")
    numbers = statistics(events.user, events.item)
    length = numbers["length"]
    told.append(
        f"{numbers['users']:,} users, {numbers['items']:,} items, {numbers['interactions']:,} interactions; a user has "
        f"{length['min']} to {length['max']}, median {length['median']:g}"
    )
    if not found.report.counts["made_up_times"]:
        first, last = (pd.Timestamp(int(time), unit="s") for time in (events.timestamp.min(), events.timestamp.max()))
        told.append(f"from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}")
    shares = {"text": found.texts, "coordinates": ["latitude"], "a picture": ["image"]}
    for what, columns in shares.items():
        if columns and set(columns) <= set(found.items.columns):
            told.append(f"{found.share_with(columns):.1%} of the items have {what}")
    if low := found.report.counts["ratings_below_the_minimum"]:
        told.append(f"{low:,} ratings below the minimum are left out")
    of_user, of_item, kept = minima_of(events)
    after = statistics(kept.user, kept.item)
    told.append(
        f"with at least {of_user} interactions a user and {of_item} an item: {after['users']:,} users, "
        f"{after['items']:,} items, {after['interactions']:,} interactions"
    )
    if after["users"] < FEW_USERS:
        told.append(
            f"warning: only {after['users']} users are left; expected {FEW_USERS} or more, since metrics average users"
        )
    return "\n".join(told)


def _about(file: RawFile, report: FileReport, texts: Sequence[str]) -> str:
    assert file.table is not None
    columns = {role.replace("raw_id", "id"): column for role, column in file.table.columns.items()}
    told = ", ".join(f"{role} {column}" for role, column in columns.items())
    if isinstance(file.table, InteractionTable):
        told += f" ({file.table.time_format})" if file.table.timestamp is not None else ""
    else:
        told += f"; text: {', '.join(texts) or 'none'}"
    bad = ", ".join(f"{count} {kind}" for kind, count in report.bad.items())
    examples = "".join(f"\n  {example}" for example in report.examples)
    return as_bytes(f"{file.path}: {report.rows:,} rows, unusable: {bad or 'none'}{examples}") + f"\n  {told}"


def as_bytes(message: str) -> str:
    """What is said of bytes that are no UTF-8, as these bytes, and what to do about them."""
    told = re.sub(r"\\udc([89a-f][0-9a-f])", r"\\x\1", message)
    return (
        f"{told}\n  undecodable: no UTF-8; expected that, as by iconv -f LATIN1 -t UTF-8" if told != message else told
    )
