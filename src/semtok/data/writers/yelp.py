"""The synthetic world as Yelp's open dataset: sub-categories are cities, categories their states, makers streets."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from semtok.data.world import World
from semtok.data.writers.containers import write_gzip
from semtok.run.files import atomic_path

LIKED = (4.0, 5.0)
"""Stars of every other review."""


def write(world: World, files: list[tuple[Path, str | None]]) -> None:
    """Businesses to the files named `*business*`, reviews to the other one; packed where the name ends in `.gz`."""
    for path, _ in files:
        lines = _businesses(world) if "business" in path.name else _reviews(world)
        if path.suffix == ".gz":
            write_gzip(path, lines)
        else:
            with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as stream:
                stream.writelines(f"{line}\n" for line in lines)


def raw_id(item: int) -> str:
    """The business's id."""
    return f"b{item:021d}"


def _businesses(world: World) -> Iterable[str]:
    for item in range(len(world.leaf)):
        yield json.dumps(
            {
                "business_id": raw_id(item),
                "name": world.title[item],
                "address": f"{item + 1} {world.maker_name[item]} Street",
                "city": world.subcategory[item].title(),
                "state": world.category[item][:2].upper(),
                "categories": f"Restaurants, {world.category[item].title()}",
                "attributes": None,
            }
        )


def _reviews(world: World) -> Iterable[str]:
    events = zip(world.event_user, world.event_item, world.event_time, strict=True)
    for number, (user, item, time) in enumerate(events):
        yield json.dumps(
            {
                "review_id": f"r{number:021d}",
                "user_id": f"u{user:021d}",
                "business_id": raw_id(int(item)),
                "stars": LIKED[number % len(LIKED)],
                "date": f"{datetime.fromtimestamp(int(time), UTC):%Y-%m-%d %H:%M:%S}",
            }
        )
