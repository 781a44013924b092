"""Pictures to image vectors: duplicates, missing pictures and the facts worth recording."""

import logging
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from semtok.config.encoders import TimmEncoder
from semtok.encoders import METHODS
from semtok.encoders.similarity import mean_pairwise_cosine
from semtok.errors import DataError

log = logging.getLogger(__name__)

Vectors = npt.NDArray[np.float32]

UNREADABLE = "unreadable since"
"""Status of a picture that was fine when the manifest was made."""


def encode(options: TimmEncoder, manifest: pd.DataFrame) -> tuple[Vectors, dict[str, Any]]:
    """Encode the picture of every item.

    Args:
        options: the encoder's.
        manifest: `item`, `file`, `status` and `sha256`, a row an item (`semtok.data.images`).

    Returns:
        float32 [n_items, dim], row i being item i and NaN where it has no picture that can be used; and the facts that
        belong beside the array: sizes, unique pictures, how many are missing and why, mean pairwise cosine, and what
        the method adds. Equal files are encoded once.
    """
    is_listed = manifest["status"] == "ok"
    listed = np.flatnonzero(is_listed)
    if not len(listed):
        raise DataError("pictures: not one of the items has one")
    codes, unique = pd.factorize(manifest["sha256"].iloc[listed])
    first = listed[np.unique(codes, return_index=True)[1]]
    encoded, method_facts = import_module(METHODS[options.method]).encode_images(
        options, [Path(file) for file in manifest["file"].iloc[first]]
    )
    vectors = np.full((len(manifest), encoded.shape[1]), np.nan, dtype=np.float32)
    vectors[listed] = encoded[codes]
    missing = np.asarray(np.isnan(vectors).any(axis=1))
    if missing.all():
        raise DataError("pictures: not one of the files that the manifest lists can be decoded any more")
    status = manifest["status"].mask(is_listed & missing, UNREADABLE)
    facts = {
        "method": options.method,
        "items": len(manifest),
        "items_without_picture": int(missing.sum()),
        "pictures": {str(name): int(count) for name, count in status.value_counts().sort_index().items()},
        "unique_pictures": len(unique),
        "dimensions": int(encoded.shape[1]),
        "mean_pairwise_cosine": mean_pairwise_cosine(vectors),
        **method_facts,
    }
    log.info("image vectors: %s", facts)
    return vectors, facts
