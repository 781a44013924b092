"""MIND: `news.tsv` and `behaviors.tsv` in each zip file (Wu et al., ACL 2020; msnews.github.io).

A user's interactions are the history (oldest first) and then the clicked impressions in order of time; or the history
alone, where all impressions are candidates to be scored (`read_histories`, `read_impressions`).

- Every row of a user repeats the same history; it is taken once. Where the rows of a user disagree, the longest history
  is taken, and earlier clicks that it has beyond the user's first history are not counted again.
- Entries of the history have no time. The j-th of n gets the time of the user's first row minus n - j seconds: the
  order is real, the times are made up (`made_up_times` in stats.json), so a split by global time means little here.
- A row without history still gives its clicks; a user with neither has no interactions.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import reduce
from operator import or_

import numpy as np
import pandas as pd

from semtok.data.containers import find_member, zip_blocks
from semtok.data.raw import RawFile, unix_seconds
from semtok.data.report import Report
from semtok.data.tsv import LINE, drop_bad, parse_tsv

NEWS = ["raw_id", "category", "subcategory", "title", "abstract", "url", "title_entities", "abstract_entities"]
BEHAVIORS = ["impression", "user", "time", "history", "impressions"]
TIME_FORMAT = "%m/%d/%Y %I:%M:%S %p"


def read_items(files: Sequence[RawFile], wanted: pd.Index, report: Report) -> Iterator[pd.DataFrame]:
    """News of all files, in chunks: `raw_id`, `category`, `subcategory`, `title`, `abstract`."""
    for file in files:
        member = find_member(file.path, lambda name: name == "news.tsv", "news.tsv")
        file_report = report.file(file.path, member)
        for block in zip_blocks(file.path, member):
            news = parse_tsv(block, NEWS, "utf-8", file_report)
            news = drop_bad(news, news["raw_id"] == "", "missing_value", news["raw_id"], file_report)
            yield news.loc[news["raw_id"].isin(wanted), NEWS[:5]]
        file_report.close()


def read_interactions(files: Sequence[RawFile], report: Report) -> Iterator[pd.DataFrame]:
    """All users' histories, then all clicks in order of time: `user`, `item`, `timestamp`."""
    histories, clicks, first_rows = [], [], []
    for file in files:
        for rows in _behaviors(file, report):
            first_rows.append(rows.groupby("user", sort=False)["timestamp"].min())
            histories.append(rows.loc[rows["history"] != "", ["user", "history", "timestamp"]])
            histories[-1] = histories[-1].sort_values("timestamp", kind="stable").drop_duplicates(["user", "history"])
            clicks.append(_clicks(rows))
    first_time = pd.concat(first_rows).groupby(level=0, sort=False).min()
    history = pd.concat(histories, ignore_index=True).sort_values("timestamp", kind="stable")
    history = history.drop_duplicates(["user", "history"])
    click = pd.concat(clicks, ignore_index=True).sort_values("timestamp", kind="stable", ignore_index=True)
    del histories, clicks
    history, click = _merge_differing(history, click, report)
    report.counts["users_without_history"] = len(first_time) - len(history)
    report.counts["users_without_interactions"] = int(
        (~(first_time.index.isin(history["user"]) | first_time.index.isin(click["user"]))).sum()
    )
    past = _explode(history, first_time)
    report.counts["made_up_times"] = len(past)
    yield past
    yield click


def read_histories(files: Sequence[RawFile], report: Report) -> Iterator[pd.DataFrame]:
    """All users' histories alone: `user`, `item`, `timestamp`."""
    yield next(read_interactions(files, report))


def read_impressions(files: Sequence[RawFile]) -> Iterator[pd.DataFrame]:
    """What each row shows, clicked or not: `impression` (its number in the files' order), `user`, `item`, `clicked`."""
    start = 0
    for file in files:
        for rows in _behaviors(file, Report()):
            shown = rows[["user"]].assign(
                impression=np.arange(start, start + len(rows)), item=rows["impressions"].str.split()
            )
            start += len(rows)
            shown = shown.explode("item").dropna(subset="item")
            label = shown["item"].str.slice(-2)
            yield shown.assign(item=shown["item"].str.slice(0, -2), clicked=label == "-1")


def _behaviors(file: RawFile, report: Report) -> Iterator[pd.DataFrame]:
    """Rows of one file's behaviors.tsv, with `timestamp`."""
    member = find_member(file.path, lambda name: name == "behaviors.tsv", "behaviors.tsv")
    file_report = report.file(file.path, member)
    for block in zip_blocks(file.path, member):
        rows = parse_tsv(block, BEHAVIORS, "utf-8", file_report)
        rows = drop_bad(rows, rows["user"] == "", "missing_value", rows["user"], file_report)
        timestamp, valid_time = unix_seconds(rows["time"], TIME_FORMAT)
        rows = drop_bad(rows.assign(timestamp=timestamp), ~valid_time, "bad_date", rows["time"], file_report)
        labelled = rows["impressions"].str.fullmatch(r"(\S+-[01]( |$))*")
        rows = drop_bad(rows, ~labelled, "bad_impressions", rows["impressions"], file_report)
        yield rows.drop(columns=["impression", "time", LINE])
    file_report.close()


def _clicks(rows: pd.DataFrame) -> pd.DataFrame:
    clicked = rows[["user", "timestamp"]].assign(item=rows["impressions"].str.split(" ")).explode("item")
    clicked = clicked[clicked["item"].str.endswith("-1")]
    return clicked.assign(item=clicked["item"].str.removesuffix("-1"))


def _explode(history: pd.DataFrame, first_time: pd.Series) -> pd.DataFrame:
    items = [text.split() for text in history["history"]]
    lengths = np.array([len(entries) for entries in items], dtype=np.int64)
    to_end = np.repeat(np.cumsum(lengths), lengths) - np.arange(lengths.sum())
    return pd.DataFrame(
        {
            "user": np.repeat(history["user"].to_numpy(dtype=object), lengths),
            "item": [item for entries in items for item in entries],
            "timestamp": np.repeat(history["user"].map(first_time).to_numpy(dtype=np.int64), lengths) - to_end,
        }
    )


def _merge_differing(history: pd.DataFrame, click: pd.DataFrame, report: Report) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One history a user, and the clicks that it does not hold already."""
    differing = history[history["user"].duplicated(keep=False)]
    rows_of = click.groupby("user", sort=False).indices
    dropped: list[int] = []
    repeated: list[int] = []
    for user, versions in differing.groupby("user", sort=False):
        entries = [Counter(text.split()) for text in versions["history"]]
        longest = max(range(len(entries)), key=lambda i: (entries[i].total(), -i))
        dropped += [label for i, label in enumerate(versions.index) if i != longest]
        missed = reduce(or_, entries) - entries[longest]
        report.counts["history_entries_not_in_the_longest"] += missed.total()
        grown = entries[longest] - entries[0]
        shown = versions["timestamp"].to_numpy()[longest]
        clicks = click.iloc[rows_of.get(user, [])]
        for row, item in clicks.loc[clicks["timestamp"] < shown, "item"].items():
            if grown[item] > 0:
                grown[item] -= 1
                repeated.append(row)
    report.counts["users_with_differing_histories"] = differing["user"].nunique()
    report.counts["clicks_already_in_a_history"] = len(repeated)
    return history.drop(index=dropped), click.drop(index=repeated)
