"""The synthetic world as MIND: all but a user's last events are its history, which every row repeats."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from semtok.data.world import World
from semtok.data.writers.containers import write_zip

MAX_ROWS = 3
"""Clicked impressions of a user, one a row; the other events are history."""
FIRST_DAY = datetime(2019, 11, 9, tzinfo=UTC)
N_SHOWN = 4
"""News that an impression shows beside the clicked one."""


def write(world: World, files: list[tuple[Path, str | None]]) -> None:
    """One zip file for each path; the last click of a user is in the last, as MIND's dev part is its last day."""
    rng = np.random.default_rng(world.seed)
    news = "".join(f"{line}\n" for line in _news(world))
    rows: list[list[str]] = [[] for _ in files]
    boundaries = np.flatnonzero(np.diff(world.event_user)) + 1
    for user, events in enumerate(np.split(world.event_item, boundaries)):
        n_rows = 1 + user % min(MAX_ROWS, len(events) - 1)
        history = " ".join(raw_id(int(item)) for item in events[:-n_rows])
        for i, item in enumerate(events[-n_rows:]):
            is_last = i == n_rows - 1
            part = len(files) - 1 if is_last else 0
            time = FIRST_DAY + timedelta(days=6 if is_last else i, seconds=int(rng.integers(86_400)))
            row = f"{len(rows[part]) + 1}\tU{user}\t{_date(time)}\t{history}\t{_impressions(rng, world, int(item))}"
            rows[part].append(row)
    for (path, _), lines in zip(files, rows, strict=True):
        write_zip(path, {"news.tsv": news, "behaviors.tsv": "".join(f"{line}\n" for line in lines)})


def raw_id(item: int) -> str:
    """The story's id."""
    return f"N{item}"


def _news(world: World) -> list[str]:
    columns = zip(world.category, world.subcategory, world.title, world.description, strict=True)
    return [
        f"{raw_id(item)}\t{category}\t{subcategory}\t{title}\t{abstract}\thttps://example.org/{raw_id(item)}\t[]\t[]"
        for item, (category, subcategory, title, abstract) in enumerate(columns)
    ]


def _impressions(rng: np.random.Generator, world: World, clicked: int) -> str:
    others = rng.choice(len(world.leaf), size=N_SHOWN + 1, replace=False)
    shown = [f"{raw_id(int(item))}-0" for item in others if item != clicked][:N_SHOWN]
    shown.insert(int(rng.integers(N_SHOWN + 1)), f"{raw_id(clicked)}-1")
    return " ".join(shown)


def _date(time: datetime) -> str:
    return f"{time.month}/{time.day}/{time.year} {time.hour % 12 or 12}:{time:%M:%S} {time:%p}"
