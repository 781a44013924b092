"""The distance graph: each item beside its nearest neighbours on the Earth (docs/methods.md, "Spatial graphs").

"Nearest" counts places, not items. Items of one place (a mall) are joined to each other with weight 1, and besides
have the same number of other places as anyone: else the k nearest of an item in a mall would be its own mall alone.
What an item keeps stays bounded, however many share its place:

- of its own place at most `neighbours` items, in a ring; all of them where there are no more;
- of each of the `neighbours` nearest other places within the radius one item, taken in turn over the items of both.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from scipy.spatial import cKDTree

from semtok.config.encoders import DistanceGraph
from semtok.encoders.geography import arc_km, unit_vectors
from semtok.errors import DataError

log = logging.getLogger(__name__)

BLOCK = 65_536
"""Places whose neighbours are sought at a time; beside it only what is kept is in memory."""
MINIMUM_WEIGHT = 1e-6
"""Least weight of an edge: a Gaussian of a lonely item's distance is 0 in numbers, and no walk could leave it."""
SAME_PLACE = 1e-9
"""Coordinates are one place where their unit vectors are equal to this precision, 6 mm."""

Rows = npt.NDArray[np.int32]
Edges = tuple[Rows, Rows, npt.NDArray[np.float32]]
"""From, to, and a number each."""


def build(options: DistanceGraph, items: pd.DataFrame, interactions: str | Path | None = None) -> sparse.csr_array:
    """The symmetric weights of all items, float32 [n_items, n_items]; items without coordinates have no edge.

    Raises DataError where the items have no coordinates at all.
    """
    if absent := [column for column in ("latitude", "longitude") if column not in items.columns]:
        raise DataError(f"items: no column {', '.join(absent)}; a distance graph needs latitude and longitude")
    latitude, longitude = items["latitude"].to_numpy(np.float64), items["longitude"].to_numpy(np.float64)
    located = np.flatnonzero(np.isfinite(latitude) & np.isfinite(longitude)).astype(np.int32)
    if not len(located):
        raise DataError(f"items: none of {len(items)} has a latitude and a longitude; a distance graph needs them")
    origin, neighbour, weight = edges(options, latitude[located], longitude[located])
    shape = (len(items), len(items))
    return symmetric(sparse.csr_array((weight, (located[origin], located[neighbour])), shape=shape))


def edges(options: DistanceGraph, latitude: npt.NDArray[np.float64], longitude: npt.NDArray[np.float64]) -> Edges:
    """What each point keeps, before it is symmetrised: origin, neighbour and weight.

    w = exp(-d^2 / (2 s^2)), s the median of the kept distances between places.
    """
    points = unit_vectors(latitude, longitude)  # (n, 3)
    places = find_places(points)
    blocks = list(_between_places(options, points, places))
    origin, neighbour, km = (np.concatenate(column) for column in zip(*blocks, strict=True))  # (e,)
    del blocks
    floor = options.minimum_scale_m / 1000
    scale = max(float(np.median(km)), floor) if len(km) else floor
    log.info("%d points at %d places, scale %.0f m", len(points), len(places.start), 1000 * scale)
    weight = np.maximum(np.exp(-np.square(km) / (2 * scale**2)), MINIMUM_WEIGHT).astype(np.float32)
    same_origin, same_neighbour = _within_places(options, places)
    return (
        np.concatenate([origin, same_origin]),
        np.concatenate([neighbour, same_neighbour]),
        np.concatenate([weight, np.ones(len(same_origin), dtype=np.float32)]),
    )


def symmetric(weights: sparse.csr_array) -> sparse.csr_array:
    """The larger of both directions."""
    larger = sparse.csr_array(weights.maximum(weights.T))
    larger.sort_indices()
    return larger


@dataclass(frozen=True)
class Places:
    """Points grouped by place."""

    members: Rows
    """The points, those of one place together."""
    start: npt.NDArray[np.int64]
    """Where in `members` each place begins."""
    count: npt.NDArray[np.int64]
    """How many points each place has."""


def find_places(points: npt.NDArray[np.float64]) -> Places:
    """Group unit vectors [n, 3] that are the same place."""
    cells = np.round(points / SAME_PLACE).astype(np.int64)  # (n, 3)
    order = np.lexsort(cells.T)  # (n,)
    new = np.ones(len(points), dtype=bool)
    new[1:] = (np.diff(cells[order], axis=0) != 0).any(axis=1)
    start = np.flatnonzero(new)  # (p,)
    return Places(order.astype(np.int32), start, np.diff(start, append=len(points)))


def _between_places(options: DistanceGraph, points: npt.NDArray[np.float64], places: Places) -> Iterator[Edges]:
    """Blocks of edges from each point to one point of each of the nearest other places, with their distance in km."""
    centres = points[places.members[places.start]]  # (p, 3), p places
    tree = cKDTree(centres)
    wanted = range(1, min(options.neighbours + 1, len(centres)) + 1)
    for first in range(0, len(centres), BLOCK):
        own = np.arange(first, min(first + BLOCK, len(centres)))  # (b,) places of this block
        chord, found = tree.query(centres[own], k=wanted)  # both (b, 1 + k); the first is the place itself
        km, found = arc_km(chord[:, 1:]), found[:, 1:]  # (b, k)
        kept = km <= options.radius_km  # (b, k)
        kept[:, :1] = True
        row, column = np.nonzero(kept)  # (m,) pairs of places
        place, other, distance = own[row], found[row, column], km[row, column]  # (m,)
        # Every point of a place gets the place's pairs.
        size = places.count[place]  # (m,)
        pair = np.repeat(np.arange(len(place)), size)  # (e,) edges: which pair each is of
        rank = np.arange(len(pair)) - np.repeat(np.cumsum(size) - size, size)  # (e,) which of the place's points
        # In turn, and from another start for each place, so that no item of a mall stands for all of it.
        turn = (rank + place[pair]) % places.count[other[pair]]  # (e,) which of the other place's points
        yield (
            places.members[places.start[place[pair]] + rank],
            places.members[places.start[other[pair]] + turn],
            distance[pair].astype(np.float32),
        )


def _within_places(options: DistanceGraph, places: Places) -> tuple[Rows, Rows]:
    """Edges of a ring: each point to the next ones of its place."""
    shared = places.count > 1  # (p,)
    count = places.count[shared]  # (q,) places of several points
    size, start = np.repeat(count, count), np.repeat(places.start[shared], count)  # (n,) their points
    rank = np.arange(len(size)) - np.repeat(np.cumsum(count) - count, count)  # (n,) which of its place's points
    reach = np.minimum(size // 2, -(-options.neighbours // 2))  # (n,) steps along the ring
    origins, neighbours = [np.empty(0, dtype=np.int32)], [np.empty(0, dtype=np.int32)]
    for step in range(1, int(reach.max(initial=0)) + 1):
        far = reach >= step  # (n,)
        origins.append(places.members[start[far] + rank[far]])
        neighbours.append(places.members[start[far] + (rank[far] + step) % size[far]])
    return np.concatenate(origins), np.concatenate(neighbours)
