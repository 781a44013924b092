"""The synthetic world as Amazon reviews of 2018: JSON lines."""

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
                "category": path_of(world, item),
                "description": [world.description[item]],
                "title": world.title[item],
                "brand": world.maker_name[item],
                "main_cat": DEPARTMENT,
                "asin": asin(item),
                **({"imageURL": [], "imageURLHighRes": [picture_of(item)]} if world.pictures else {}),
            }
        )

    write_files(world, files, product, _review)


def _review(user: str, item: str, time: int) -> str:
    return json.dumps({"overall": 5.0, "reviewerID": user, "asin": item, "unixReviewTime": time})
