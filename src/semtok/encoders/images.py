"""Pictures to image vectors: duplicates, missing pictures and the facts worth recording."""

import logging
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from semtok.config.encoders import TimmEncoder
from semtok.encoders.shards import Shard, common_facts, gather
from semtok.encoders.similarity import CHUNK, mean_pairwise_cosine
from semtok.errors import DataError
from semtok.run.files import read_array, release_pages

log = logging.getLogger(__name__)

Vectors = npt.NDArray[np.float32]

UNREADABLE = "unreadable since"
"""Status of a picture that was fine when the manifest was made."""


def encode(options: TimmEncoder, manifest: pd.DataFrame) -> tuple[Vectors, dict[str, Any]]:
    """Encode the picture of every item.

    Args:
        options: the encoder's.
        manifest: `item`, `file`, `status` and `sha256`, one row per item (`semtok.data.images`).

    Returns:
        float32 [n_items, dim], row i being item i and NaN where it has no picture that can be used; and the facts that
        belong beside the array: sizes, unique pictures, how many are missing and why, mean pairwise cosine, and what
        the method adds. Equal files are encoded once.
    """
    codes, files = distinct_pictures(manifest)
    encoded, method_facts = import_module(options.module).encode_images(options, [Path(file) for file in files])
    vectors = np.full((len(manifest), encoded.shape[1]), np.nan, dtype=np.float32)
    vectors[codes >= 0] = encoded[codes[codes >= 0]]
    return vectors, _facts(options, manifest, codes, vectors, method_facts)


def encode_shard(options: TimmEncoder, manifest: pd.DataFrame, shard: Shard) -> tuple[Vectors, dict[str, Any]]:
    """Encode the batches of one shard: float32 [n_pictures, dim], and what the method adds to the facts."""
    _, files = distinct_pictures(manifest)
    mine = [Path(file) for file in files.iloc[shard.positions(len(files), options.batch_size)]]
    log.info("shard %d of %d: %d of %d pictures", shard.number, shard.count, len(mine), len(files))
    if not mine:
        return np.empty((0, 0), dtype=np.float32), {}
    vectors, facts = import_module(options.module).encode_images(options, mine)
    return vectors, facts


def gather_shards(
    options: TimmEncoder,
    manifest: pd.DataFrame,
    parts: Sequence[Path],
    method_facts: Sequence[Mapping[str, Any]],
    target: Path,
) -> dict[str, Any]:
    """Write to `target` what `encode` gives as an array, from the arrays of all shards; returns the facts."""
    codes, _ = distinct_pictures(manifest)
    gather(target, parts, codes, options.batch_size)
    return _facts(options, manifest, codes, read_array(target), common_facts(method_facts))


def distinct_pictures(manifest: pd.DataFrame) -> tuple[npt.NDArray[np.int64], pd.Series]:
    """Which of the distinct pictures an item has, [n_items], -1 for none; and a file of each, by first appearance."""
    listed = np.flatnonzero(manifest["status"] == "ok")
    if not len(listed):
        raise DataError("pictures: not one of the items has one")
    codes = np.full(len(manifest), -1, dtype=np.int64)
    codes[listed] = pd.factorize(manifest["sha256"].iloc[listed])[0]
    first = listed[np.unique(codes[listed], return_index=True)[1]]
    return codes, manifest["file"].iloc[first]


def _facts(
    options: TimmEncoder,
    manifest: pd.DataFrame,
    codes: npt.NDArray[np.int64],
    vectors: Vectors,
    method_facts: Mapping[str, Any],
) -> dict[str, Any]:
    missing = np.empty(len(vectors), dtype=bool)
    for start in range(0, len(vectors), CHUNK):
        missing[start : start + CHUNK] = np.isnan(vectors[start : start + CHUNK]).any(axis=1)
        release_pages(vectors)
    if missing.all():
        raise DataError("pictures: not one of the files that the manifest lists can be decoded any more")
    status = manifest["status"].mask((codes >= 0) & missing, UNREADABLE)
    facts = {
        "method": options.method,
        "items": len(manifest),
        "items_without_picture": int(missing.sum()),
        "pictures": {str(name): int(count) for name, count in status.value_counts().sort_index().items()},
        "unique_pictures": int(codes.max()) + 1,
        "dimensions": int(vectors.shape[1]),
        "mean_pairwise_cosine": mean_pairwise_cosine(vectors),
        **method_facts,
    }
    log.info("image vectors: %s", facts)
    return facts
