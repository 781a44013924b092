"""The synthetic world as Amazon reviews of 2018: JSON lines."""

import json
from collections.abc import Iterator
from pathlib import Path

from semtok.data.world import World
from semtok.data.writers.containers import write_gzip


def write(world: World, files: list[tuple[Path, str | None]]) -> None:
    """Metadata to files named `meta_*`, reviews to the others (the same in each would repeat them: give one)."""
    for path, _ in files:
        write_gzip(path, _items(world) if path.name.startswith("meta_") else _reviews(world))


def _items(world: World) -> Iterator[str]:
    for item in range(len(world.leaf)):
        yield json.dumps(
            {
                "category": ["Office Products", world.category[item].title(), world.subcategory[item].title()],
                "description": [world.description[item]],
                "title": world.title[item],
                "brand": world.maker_name[item],
                "main_cat": "Office Products",
                "asin": f"B{item:09d}",
            }
        )


def _reviews(world: World) -> Iterator[str]:
    for user, item, time in zip(world.event_user, world.event_item, world.event_time, strict=True):
        yield json.dumps(
            {"overall": 5.0, "reviewerID": f"A{user:012d}", "asin": f"B{item:09d}", "unixReviewTime": int(time)}
        )
