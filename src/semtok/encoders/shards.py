"""A catalogue that several jobs encode: which batches are whose, and one array of all of them.

What a network makes of a text or picture depends, in the last bits, on the batch that it is in. So batches are cut from
the whole catalogue, whatever the number of shards, and are dealt out: shard k of n takes batch k, k + n, k + 2n, ...
Each job encodes the very batches that a single job would, and the gathered array is the same, byte for byte.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from semtok.errors import ConfigError, DataError
from semtok.run.files import atomic_path, read_array, release_pages

BLOCK = 4096
"""Rows gathered together: each brings the pages around it into memory."""

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Shard:
    """Shard `number` of `count`; numbers begin at 1."""

    number: int
    count: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.count:
            raise ConfigError(f"shards: found {self.number} of {self.count}; expected a number from 1 to {self.count}")

    def positions(self, n: int, batch_size: int) -> Rows:
        """Which of n texts or pictures are this shard's, in order; empty where there are fewer batches than shards."""
        return np.flatnonzero(np.arange(n) // batch_size % self.count == self.number - 1)


def gather(target: Path, parts: Sequence[Path], codes: Rows, batch_size: int) -> None:
    """Write the vectors of all items to `target`, float32 [n_items, dim], a block of rows at a time.

    Args:
        target: the `.npy` to write, atomically.
        parts: the shards' arrays, in order.
        codes: [n_items] which of the distinct texts or pictures an item has; -1: none, and its row is NaN.
        batch_size: the encoder's.

    Raises DataError where a part holds other rows than its shard of this catalogue.
    """
    arrays = [read_array(part) for part in parts]
    n_distinct = int(codes.max(initial=-1)) + 1
    filled = [array for array in arrays if len(array)]
    for number, (part, array) in enumerate(zip(parts, arrays, strict=True), start=1):
        expected = len(Shard(number, len(parts)).positions(n_distinct, batch_size))
        if len(array) != expected or (expected and array.shape[1] != filled[0].shape[1]):
            raise DataError(
                f"{part}: found an array of shape {array.shape}; expected {expected} rows, as wide as the other shards'"
            )
    dimensions = filled[0].shape[1]
    header = {"descr": "<f4", "fortran_order": False, "shape": (len(codes), dimensions)}
    with atomic_path(target) as temporary, temporary.open("wb") as handle:
        np.lib.format.write_array_header_1_0(handle, header)
        for start in range(0, len(codes), BLOCK):
            _rows(arrays, codes[start : start + BLOCK], batch_size, dimensions).tofile(handle)
            for array in arrays:
                release_pages(array)


def _rows(
    arrays: Sequence[npt.NDArray[np.float32]], codes: Rows, batch_size: int, dimensions: int
) -> npt.NDArray[np.float32]:
    rows = np.full((len(codes), dimensions), np.nan, dtype=np.float32)
    batch, place = codes // batch_size, codes % batch_size
    for number, array in enumerate(arrays):
        theirs = (codes >= 0) & (batch % len(arrays) == number)
        if not theirs.any():
            continue
        # All batches are full but the last of the catalogue, which is also the last of its shard.
        rows[theirs] = array[batch[theirs] // len(arrays) * batch_size + place[theirs]]
    return rows


def common_facts(facts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The facts of a method over its shards: what is true or false holds where it does in all, the rest is the same.

    Raises DataError where shards disagree, as they do when their jobs had different models or libraries.
    """
    told = [one for one in facts if one]  # an empty shard tells nothing
    common = {
        key: all(one[key] for one in told) if isinstance(value, bool) else value for key, value in told[0].items()
    }
    for one in told:
        differing = [key for key, value in one.items() if not isinstance(value, bool) and value != common.get(key)]
        if differing:
            key = differing[0]
            raise DataError(f"shards: found {key} {common.get(key)!r} and {one[key]!r}; expected the same of all")
    return common
