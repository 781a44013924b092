"""What the three Amazon releases share."""

from collections.abc import Callable
from pathlib import Path

from semtok.data.world import PICTURES, World
from semtok.data.writers.containers import write_gzip

DEPARTMENT = "Synthetic Shop"


def write_files(
    world: World,
    files: list[tuple[Path, str | None]],
    product: Callable[[int], str],
    review: Callable[[str, str, int], str],
) -> None:
    """Metadata to the files named `meta_*`, reviews to the other one.

    `product` gives the line of an item, `review` that of a user's id, an item's id and a time in unix seconds.
    """
    for path, _ in files:
        if path.name.startswith("meta_"):
            write_gzip(path, (product(item) for item in range(len(world.leaf))))
        else:
            events = zip(world.event_user, world.event_item, world.event_time, strict=True)
            write_gzip(path, (review(f"A{user:012d}", asin(item), int(time)) for user, item, time in events))


def asin(item: int) -> str:
    """The shop's number of an item."""
    return f"B{item:09d}"


def picture_of(item: int) -> str:
    """What the metadata list as the address of an item's picture: a file beside the raw files."""
    return f"{PICTURES}/{asin(item)}.png"


def path_of(world: World, item: int) -> list[str]:
    """The categories of an item, from the broad to the narrow."""
    return [DEPARTMENT, world.category[item].title(), world.subcategory[item].title()]
