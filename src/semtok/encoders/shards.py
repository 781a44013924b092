"""A catalogue that several jobs encode: which batches are whose, and one array of all of them.

What a network makes of a text or picture depends, in the last bits, on the batch that it is in. So batches are cut from
the whole catalogue, whatever the number of shards, and are dealt out: shard k of n takes batch k, k + n, k + 2n, ...
Each job encodes the very batches that a single job would, and the gathered array is the same, byte for byte.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from semtok.encoders.similarity import mean_pairwise_cosine
from semtok.errors import ConfigError, DataError
from semtok.run.files import atomic_path, read_array, read_json, release_pages, write_array, write_json

BLOCK = 4096
"""Rows gathered together: each brings the pages around it into memory."""
COUNTS = ("items", "items_without_text", "items_without_picture", "unique_texts", "unique_pictures")
"""Facts that add up over shards."""
NONE_LEFT = "pictures: not one of the files that the manifest lists can be decoded any more"

Rows = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Shard:
    """Shard `number` of `count`; numbers begin at 1. As it comes: the whole catalogue."""

    number: int = 1
    count: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.count:
            raise ConfigError(f"shards: found {self.number} of {self.count}; expected a number from 1 to {self.count}")

    @classmethod
    def of(cls, wildcards: Any) -> "Shard":
        """The shard of a job, or the whole catalogue where its wildcards name none."""
        return cls(int(wildcards.get("shard", 1)), int(wildcards.get("shards", 1)))

    def items(self, codes: Rows, batch_size: int) -> Rows:
        """The items of this shard, ascending: every item is in one shard, those without a source in the first.

        Args:
            codes: [n_items] which of the distinct texts or pictures an item has, in the order of encoding; -1: none.
            batch_size: the encoder's.
        """
        batch = np.maximum(codes, 0) // batch_size  # (n_items,)
        return np.flatnonzero(batch % self.count == self.number - 1)


WHOLE = Shard()


@dataclass(frozen=True)
class EncodedShard:
    """What the job of a shard makes."""

    rows: Rows
    """[n] the items, ascending."""
    vectors: Vectors
    """[n, dim], NaN for an item that lacks a vector; [0, 0] for a shard without items."""
    facts: dict[str, Any]
    """Those of these items alone; none for a shard without items."""

    @classmethod
    def empty(cls) -> "EncodedShard":
        """Of a shard without items, since there are fewer batches than shards."""
        return cls(np.empty(0, dtype=np.int64), np.empty((0, 0), dtype=np.float32), {})

    @classmethod
    def read(cls, vectors: str, rows: str, facts: str) -> "EncodedShard":
        """Read what `write` wrote, arrays memory-mapped."""
        return cls(read_array(rows), read_array(vectors), read_json(facts))

    def write(self, vectors: str, facts: str, rows: str | None = None) -> None:
        """Write the files of a shard, or without `rows` those of a whole catalogue."""
        write_array(vectors, self.vectors)
        write_json(facts, self.facts)
        if rows is not None:
            write_array(rows, self.rows)


def scatter(encoded: Vectors, codes: Rows) -> Vectors:
    """A row for each item: float32 [n, dim], NaN for code -1.

    encoded: [m, dim] one row for each of the m codes from 0 that occur in `codes` [n], ascending.
    """
    vectors = np.full((len(codes), encoded.shape[1]), np.nan, dtype=np.float32)  # (n, dim)
    present = codes >= 0
    vectors[present] = encoded[np.unique(codes[present], return_inverse=True)[1]]
    return vectors


def gather(shards: Sequence[EncodedShard], target: Path) -> dict[str, Any]:
    """Write the vectors of all items to `target`, float32 [n_items, dim], a block of rows at a time; return the facts.

    Raises DataError where they are not the shards of one catalogue, or no item has a picture.
    """
    facts = common_facts([shard.facts for shard in shards])
    n_items, dimensions = facts["items"], facts["dimensions"]
    if facts.get("items_without_picture") == n_items:
        raise DataError(NONE_LEFT)
    shards = [shard for shard in shards if len(shard.rows)]
    _check(shards, n_items, dimensions)
    with atomic_path(target) as temporary, temporary.open("wb") as handle:
        header = {"descr": "<f4", "fortran_order": False, "shape": (n_items, dimensions)}
        np.lib.format.write_array_header_1_0(handle, header)
        for start in range(0, n_items, BLOCK):
            block = np.empty((min(BLOCK, n_items - start), dimensions), dtype=np.float32)
            for shard in shards:
                first, end = np.searchsorted(shard.rows, [start, start + BLOCK])
                block[shard.rows[first:end] - start] = shard.vectors[first:end]
                release_pages(shard.vectors)
            block.tofile(handle)
    return facts | {"mean_pairwise_cosine": mean_pairwise_cosine(read_array(target))}


def _check(shards: Sequence[EncodedShard], n_items: int, dimensions: int) -> None:
    for shard in shards:
        if shard.vectors.shape != (len(shard.rows), dimensions):
            raise DataError(
                f"shards: found an array of shape {shard.vectors.shape}; expected {(len(shard.rows), dimensions)}"
            )
    items = np.sort(np.concatenate([shard.rows for shard in shards]))
    if not np.array_equal(items, np.arange(n_items)):
        raise DataError(f"shards: found other items than each of {n_items} once; expected the shards of one catalogue")


def common_facts(facts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The facts of a catalogue of those of its shards: counts add up, what is true or false holds where it does in all.

    Raises DataError where shards disagree in anything else, as they do when their jobs had different models or
    libraries. The mean cosine is left for whoever sees all vectors.
    """
    told = [one for one in facts if one]  # an empty shard tells nothing
    common: dict[str, Any] = {}
    for key in told[0]:
        values = [one.get(key) for one in told]
        if key in COUNTS:
            common[key] = sum(values)
        elif key == "pictures":
            common[key] = dict(sorted(sum(map(Counter, values), Counter()).items()))
        elif isinstance(values[0], bool):
            common[key] = all(values)
        elif key == "mean_pairwise_cosine" or all(value == values[0] for value in values):
            common[key] = values[0]
        else:
            differing = next(value for value in values if value != values[0])
            raise DataError(f"shards: found {key} {values[0]!r} and {differing!r}; expected the same of all")
    return common
