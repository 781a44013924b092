"""The synthetic source: a made-up world, written as a dataset's official files."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, cast

from semtok.config.data import Dataset, RawFileOptions, Synthetic
from semtok.data import WRITERS
from semtok.data.drawing import draw_pictures
from semtok.data.world import PICTURES, World, make_world

REVISITS = frozenset({"foursquare"})
"""Formats whose users come back to items they had."""


class Writer(Protocol):
    """A module of `semtok.data.writers`."""

    def write(self, world: World, files: list[tuple[Path, str | None]]) -> None:
        """Write the world to the official files, given by path and member of a zip file."""
        ...

    def raw_id(self, item: int) -> str:
        """What the format calls an item."""
        ...


def write(options: Dataset | Mapping[str, Any], folder: Path) -> list[Path]:
    """Write the files of a dataset's config below `folder`, and return their paths; pictures, if any, beside them.

    Looks at `reader`, `files` and `synthetic` only; the same options give the same bytes.
    """
    given = options.model_dump() if isinstance(options, Dataset) else options
    files = [RawFileOptions.model_validate(file) for file in given["files"]]
    reader = given["reader"]
    world = make_world(Synthetic.model_validate(given["synthetic"]), revisits=reader in REVISITS)
    writer = cast(Writer, importlib.import_module(WRITERS[reader]))
    paths = [folder / file.path for file in files]
    writer.write(world, [(path, file.member) for path, file in zip(paths, files, strict=True)])
    if world.pictures:
        draw_pictures(world, folder / PICTURES, writer.raw_id)
    return paths
