"""When and where check-ins were: what recommenders for places read besides the items.

Hours of the week are UTC's, since the data stage keeps no offset of the local time. In one city that is another
numbering of the same 168 hours, but that daylight saving time moves local life by one of them for a part of the year.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.spatial import cKDTree
from scipy.spatial.distance import pdist
from torch import Tensor

from semtok.encoders.geography import EARTH_RADIUS_KM, arc_km, haversine_km, unit_vectors
from semtok.errors import DataError
from semtok.recommenders.sequences import Histories, Integers
from semtok.recommenders.task import RecommenderTask
from semtok.run.files import read_table

HOURS_OF_A_WEEK = 168
_THURSDAY = 3 * 24
"""Hours from Monday to Thursday, on which the first second of unix time fell."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class CheckIns:
    """The interactions of a dataset, by row, and the coordinates of its items."""

    user: Integers
    """[n_interactions]"""
    item: Integers
    """[n_interactions]"""
    timestamp: Integers
    """[n_interactions] unix seconds."""
    is_train: npt.NDArray[np.bool_]
    """[n_interactions]"""
    latitude: Floats
    """[n_items] degrees."""
    longitude: Floats
    """[n_items] degrees."""

    @classmethod
    def from_task(cls, task: RecommenderTask[Any]) -> "CheckIns":
        """From the tables that a task names; raises DataError where an item has no coordinates."""
        if task.items is None:
            raise DataError("items: no table; a recommender for places needs latitude and longitude of the items")
        latitude, longitude = _coordinates(task.items, task.sequences.n_items)
        rows = task.interactions
        user, item, timestamp = (rows[name].to_numpy(np.int64) for name in ("user", "item", "timestamp"))
        return cls(user, item, timestamp, (rows["split"] == "train").to_numpy(bool), latitude, longitude)

    def hours_since_previous(self, histories: Histories) -> npt.NDArray[np.float32]:
        """Between each check-in of a history and the one before it, 0 at the first and where there is none: [B, T]."""
        seconds = self.timestamp[histories.records]  # (B, T)
        return (np.diff(seconds, axis=1, prepend=seconds[:, :1]) * histories.real / 3600).astype(np.float32)

    def km_since_previous(self, histories: Histories) -> npt.NDArray[np.float32]:
        """Likewise, the distance."""
        latitude, longitude = self.latitude[histories.items], self.longitude[histories.items]  # (B, T)
        moved = np.zeros(latitude.shape)
        moved[:, 1:] = haversine_km(latitude[:, :-1], longitude[:, :-1], latitude[:, 1:], longitude[:, 1:])
        return (moved * histories.real).astype(np.float32)

    def hours(self, histories: Histories) -> npt.NDArray[np.float32]:
        """From the first check-in of a history to each of it, 0 where there is none: [B, T]."""
        seconds = self.timestamp[histories.records]  # (B, T)
        # Whole seconds are subtracted before they are rounded.
        return ((seconds - seconds[:, :1]) * histories.real / 3600).astype(np.float32)

    def hours_of_the_week(self, histories: Histories) -> Integers:
        """From 0, Monday's first hour (UTC), to 167: [B, T]."""
        return (self.timestamp[histories.records] // 3600 + _THURSDAY) % HOURS_OF_A_WEEK

    @cached_property
    def positions_km(self) -> npt.NDArray[np.float32]:
        """The items in space, from the middle of the Earth: [n_items, 3]; float32 tells half a metre."""
        return (EARTH_RADIUS_KM * unit_vectors(self.latitude, self.longitude)).astype(np.float32)

    def nearest(self, count: int) -> npt.NDArray[np.int32]:
        """Of each item the `count` others that lie nearest, or all others, nearest first: [n_items, count]."""
        points = unit_vectors(self.latitude, self.longitude)  # (n, 3)
        count = min(count, len(points) - 1)
        nearest = np.empty((len(points), count), dtype=np.int32)
        tree = cKDTree(points)
        for first in range(0, len(points), BLOCK):
            own = np.arange(first, min(first + BLOCK, len(points)))  # (b,)
            _, found = tree.query(points[own], k=range(1, count + 2))  # (b, 1 + count)
            # Of several items at one place its own may come anywhere, or not at all; then the last is left out.
            surplus = np.where((found == own[:, None]).any(axis=1), (found == own[:, None]).argmax(axis=1), count)
            nearest[own] = found[np.arange(count + 1) != surplus[:, None]].reshape(len(own), count)
        return nearest

    def largest_intervals(self, max_items: int) -> tuple[float, float]:
        """Of train: the largest distance between check-ins of a user (km), and the longest time that `max_items` in a
        row took (hours)."""
        user, item, seconds = self.user[self.is_train], self.item[self.is_train], self.timestamp[self.is_train]
        starts = np.flatnonzero(np.append(True, np.diff(user) > 0))  # (n_users,)
        first = np.maximum(np.arange(len(user)) - max_items + 1, np.repeat(starts, np.diff(starts, append=len(user))))
        points = unit_vectors(self.latitude, self.longitude)
        chords = [pdist(points[np.unique(items)]).max(initial=0) for items in np.split(item, starts[1:])]
        return float(arc_km(np.max(chords))), float((seconds - seconds[first]).max() / 3600)


BLOCK = 4096
"""Items whose neighbours are sought at a time."""


def distances_km(positions: Tensor, others: Tensor) -> Tensor:
    """Along the Earth's surface, between positions in space: [..., A, 3] and [..., B, 3] to [..., A, B]."""
    # By matrix products cdist would lose what is near.
    chord = torch.cdist(positions, others, compute_mode="donot_use_mm_for_euclid_dist")
    return 2 * EARTH_RADIUS_KM * torch.asin(chord / (2 * EARTH_RADIUS_KM))


def _coordinates(path: str | Path, n_items: int) -> tuple[Floats, Floats]:
    items = read_table(path)
    if absent := [column for column in ("latitude", "longitude") if column not in items.columns]:
        raise DataError(f"{path}: no column {', '.join(absent)}; a recommender for places needs latitude and longitude")
    if len(items) != n_items:
        raise DataError(f"{path}: {len(items)} items; expected the {n_items} of the interactions")
    latitude, longitude = items["latitude"].to_numpy(np.float64), items["longitude"].to_numpy(np.float64)
    lost = np.flatnonzero(~(np.isfinite(latitude) & np.isfinite(longitude)))
    if len(lost):
        raise DataError(
            f"{path}, row {lost[0]}: found no latitude and longitude, as of {len(lost)} of {n_items} items; expected "
            "them of all, since a recommender for places ranks all"
        )
    return latitude, longitude
