"""The synthetic world as published sequences: `{user: [item, ...]}`, and `{item: {field: text, ...}}`."""

import json
from pathlib import Path

import numpy as np

from semtok.data.world import World
from semtok.run.files import write_text


def write(world: World, files: list[tuple[Path, str | None]]) -> None:
    """Items to the files named `*item.json`, sequences to the other one."""
    boundaries = np.flatnonzero(np.diff(world.event_user)) + 1
    sequences = {str(user): items.tolist() for user, items in enumerate(np.split(world.event_item, boundaries))}
    for path, _ in files:
        content = _items(world) if path.name.endswith("item.json") else sequences
        write_text(path, json.dumps(content) + "\n")


def raw_id(item: int) -> str:
    """The item's number, as a key of JSON."""
    return str(item)


def _items(world: World) -> dict[str, dict[str, str]]:
    return {
        raw_id(item): {
            "title": world.title[item],
            "description": world.description[item],
            "brand": world.maker_name[item],
            "categories": f"{world.category[item]},{world.subcategory[item]}",
        }
        for item in range(len(world.leaf))
    }
