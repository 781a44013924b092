"""The synthetic world as Foursquare check-ins: sub-categories are venue categories, makers are neighbourhoods."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from semtok.data.world import N_MAKERS, World
from semtok.data.writers.containers import write_zip

FOLDER = "dataset_tsmc2014"
DEFAULT_MEMBER = "dataset_TSMC2014_NYC.txt"
CENTRE = (40.75, -73.97)
"""Latitude and longitude around which the neighbourhoods lie."""
RADIUS = 0.05
"""Distance of a neighbourhood from the centre, degrees (about 5 km)."""
STANDARD_DEVIATION = 0.003
"""Standard deviation of a venue around its neighbourhood, degrees (about 300 m)."""
OFFSET = -240
"""Local time minus UTC, minutes."""


def write(world: World, files: list[tuple[Path, str | None]]) -> None:
    """One zip file with the city's member for each path."""
    latitude, longitude = _places(world)
    lines = []
    order = np.argsort(world.event_time, kind="stable")
    for user, item, time in zip(world.event_user[order], world.event_item[order], world.event_time[order], strict=True):
        category = world.subcategory[item].title()
        at = datetime.fromtimestamp(int(time) - OFFSET * 60, UTC)
        lines.append(
            f"{user + 1}\t{raw_id(item)}\t{_identifier('category', category)}\t{category}"
            f"\t{latitude[item]:.6f}\t{longitude[item]:.6f}\t{OFFSET}\t{at:%a %b %d %H:%M:%S +0000 %Y}\n"
        )
    for path, member in files:
        write_zip(path, {f"{FOLDER}/{member or DEFAULT_MEMBER}": "".join(lines)}, encoding="latin-1")


def raw_id(item: int) -> str:
    """The venue's id."""
    return _identifier("venue", item)


def _places(world: World) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    rng = np.random.default_rng(world.seed)
    angle = 2 * np.pi * world.maker / N_MAKERS
    around = rng.normal(scale=STANDARD_DEVIATION, size=(2, len(angle)))
    return CENTRE[0] + RADIUS * np.sin(angle) + around[0], CENTRE[1] + RADIUS * np.cos(angle) + around[1]


def _identifier(kind: str, value: object) -> str:
    return hashlib.sha256(f"{kind} {value}".encode()).hexdigest()[:24]
