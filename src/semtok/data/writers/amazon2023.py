"""The synthetic world as Amazon reviews of 2023: JSON lines, times in milliseconds."""

import json
from pathlib import Path

from semtok.data.world import World
from semtok.data.writers.amazon import DEPARTMENT, asin, path_of, picture_of, write_files

raw_id = asin


def write(world: World, files: list[tuple[Path, str | None]]) -> None:
    """Metadata to the files named `meta_*`, reviews to the other one."""

    def product(item: int) -> str:
        return json.dumps(
            {
                "main_category": DEPARTMENT,
                "title": world.title[item],
                "description": [world.description[item]],
                "images": [_picture(item)] if world.pictures else [],
                "store": world.maker_name[item],
                "categories": path_of(world, item),
                "parent_asin": asin(item),
            }
        )

    write_files(world, files, product, _review)


def _picture(item: int) -> dict[str, str | None]:
    return {"thumb": None, "large": picture_of(item), "variant": "MAIN", "hi_res": None}


def _review(user: str, item: str, time: int) -> str:
    return json.dumps(
        {"rating": 5.0, "asin": item, "parent_asin": item, "user_id": user, "timestamp": time * 1000 + 250}
    )
