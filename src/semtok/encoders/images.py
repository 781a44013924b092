"""Pictures to image vectors: duplicates, missing pictures and the facts worth recording."""

import logging
from importlib import import_module
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from semtok.config.encoders import TimmEncoder
from semtok.encoders.shards import NONE_LEFT, WHOLE, EncodedShard, Shard, scatter
from semtok.encoders.similarity import mean_pairwise_cosine
from semtok.errors import DataError

log = logging.getLogger(__name__)

UNREADABLE = "unreadable since"
"""Status of a picture that was fine when the manifest was made."""


def encode(options: TimmEncoder, manifest: pd.DataFrame, shard: Shard = WHOLE) -> EncodedShard:
    """Encode the pictures of a shard of the items, equal files once.

    Args:
        options: the encoder's.
        manifest: `item`, `file`, `status` and `sha256`, one row per item (`semtok.data.picture_manifest`).
        shard: which items.

    Returns:
        float32 [n, dim], a row for each of its n items, NaN where it has no picture that can be used; and the facts
        that belong beside the array: sizes, unique pictures, how many are missing and why, mean pairwise cosine,
        and what the method adds.
    """
    codes, files = distinct_pictures(manifest)  # (n_items,), (n_unique,)
    rows = shard.items(codes, options.batch_size)  # (n,)
    if not len(rows):
        return EncodedShard.empty()
    codes = codes[rows]
    chosen = [Path(file) for file in files.iloc[np.unique(codes[codes >= 0])]]  # (m,)
    log.info("shard %d of %d: %d of %d pictures", shard.number, shard.count, len(chosen), len(files))
    encoded, method_facts = import_module(options.module).encode_images(options, chosen)  # (m, dim)
    vectors = scatter(encoded, codes)  # (n, dim)
    missing = np.isnan(vectors).any(axis=1)  # (n,)
    if shard == WHOLE and missing.all():
        raise DataError(NONE_LEFT)
    status = manifest["status"].iloc[rows].mask((codes >= 0) & missing, UNREADABLE)
    facts = {
        "method": options.method,
        "items": len(rows),
        "items_without_picture": int(missing.sum()),
        "pictures": {str(name): int(count) for name, count in status.value_counts().sort_index().items()},
        "unique_pictures": len(chosen),
        "dimensions": int(vectors.shape[1]),
        "mean_pairwise_cosine": mean_pairwise_cosine(vectors),
        **method_facts,
    }
    log.info("image vectors: %s", facts)
    return EncodedShard(rows, vectors, facts)


def distinct_pictures(manifest: pd.DataFrame) -> tuple[npt.NDArray[np.int64], pd.Series]:
    """Which of the distinct pictures an item has, [n_items], -1 for none; and a file of each, by first appearance."""
    listed = np.flatnonzero(manifest["status"] == "ok")
    if not len(listed):
        raise DataError("pictures: not one of the items has one")
    codes = np.full(len(manifest), -1, dtype=np.int64)
    codes[listed] = pd.factorize(manifest["sha256"].iloc[listed])[0]
    first = listed[np.unique(codes[listed], return_index=True)[1]]
    return codes, manifest["file"].iloc[first]
