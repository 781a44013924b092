"""Read an encoder's vectors, with a policy for items that have none."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from semtok.errors import DataError
from semtok.run.files import release_pages

CHUNK = 65_536
"""Rows looked at together, so that a catalogue larger than memory stays on disk."""
KEPT_BYTES = 2**28
"""A file up to this size may stay in a process's memory once it is read; of a larger one, what is being read."""
GATHERED = 256
"""Rows of a large file that are gathered together."""


@dataclass(frozen=True)
class Catalogue:
    """The vectors of the items.

    An item without a vector is not learned from; since every item needs codes, it is coded as the mean of those that
    have one, the vector that says least. All such items share one tuple, and the facts count them.
    """

    vectors: npt.NDArray[np.float32]
    """[n_items, dim], memory-mapped, NaN rows included."""
    present: npt.NDArray[np.int64]
    """The items that have a vector, ascending."""
    mean: npt.NDArray[np.float32]
    """[dim], the mean vector of those."""

    @property
    def missing(self) -> int:
        """How many items have no vector."""
        return len(self.vectors) - len(self.present)

    def rows(self, items: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """The vectors of these items, in this order, as an array of its own."""
        if self.vectors.nbytes <= KEPT_BYTES:
            return np.asarray(self.vectors[items])
        gathered = np.empty((len(items), self.vectors.shape[1]), dtype=np.float32)
        # In the order of the file, and few at a time: each row brings the megabytes around it into memory.
        order = np.argsort(items)
        for start in range(0, len(items), GATHERED):
            part = order[start : start + GATHERED]
            gathered[part] = self.vectors[items[part]]
            release(self.vectors)
        return gathered

    def spread(self, of_present: npt.NDArray[Any], of_mean: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """A row an item, from one row for each item that has a vector and one for the mean vector."""
        rows = np.repeat(of_mean[None], len(self.vectors), axis=0)
        rows[self.present] = of_present
        return rows


def release(vectors: npt.NDArray[np.float32]) -> None:
    """`release_pages` of a large array; nothing at all for a smaller one."""
    if vectors.nbytes > KEPT_BYTES:
        release_pages(vectors)


def read_catalogue(path: Path) -> Catalogue:
    """Read `[n_items, dim]` float32; DataError for another shape or type, an infinity, or no vector at all."""
    # Copy-on-write, since torch warns of arrays that it may not write to.
    vectors = np.load(path, mmap_mode="c", allow_pickle=False)
    if vectors.ndim != 2 or vectors.dtype != np.float32:
        raise DataError(f"{path}: found {vectors.dtype} {list(vectors.shape)}; expected float32 [n_items, dim]")
    present = np.zeros(len(vectors), dtype=bool)
    total = np.zeros(vectors.shape[1])
    for start in range(0, len(vectors), CHUNK):
        rows = vectors[start : start + CHUNK]
        whole = ~np.isnan(rows).any(axis=1)
        present[start : start + CHUNK] = whole
        total += rows[whole].sum(axis=0, dtype=np.float64)
        release(vectors)
    if not present.any():
        raise DataError(f"{path}: no item of {len(vectors)} has a vector without NaN; is this the right encoder?")
    if not np.isfinite(total).all():
        raise DataError(f"{path}: a vector holds an infinity; expected finite numbers, or NaN for a missing item")
    return Catalogue(vectors, np.flatnonzero(present), (total / present.sum()).astype(np.float32))
