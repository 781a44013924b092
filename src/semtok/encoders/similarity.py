"""How alike the vectors of a modality are, for the facts beside the array."""

import numpy as np
import numpy.typing as npt

from semtok.run.files import release_pages

CHUNK = 65_536
"""Rows looked at together, so that a large catalogue is not copied as a whole."""


def mean_pairwise_cosine(vectors: npt.NDArray[np.float32]) -> float | None:
    """Mean cosine over all pairs of different items that have a vector; None where there is no pair.

    Above about 0.8 the cloud is so narrow that a contrast of cosines starts near uniform.
    Computed without the pairs: |sum of unit vectors|^2 holds every ordered pair once and each item with itself.
    """
    total, with_itself, count = np.zeros(vectors.shape[1]), 0.0, 0
    for start in range(0, len(vectors), CHUNK):
        rows = vectors[start : start + CHUNK].astype(np.float64)
        norms = np.linalg.norm(rows, axis=1, keepdims=True)  # (chunk, 1); NaN for an item without a vector
        units = rows[norms[:, 0] > 0] / norms[norms[:, 0] > 0]  # (m, dim)
        total += units.sum(axis=0)
        with_itself += float(np.square(units).sum())
        count += len(units)
        release_pages(vectors)
    if count < 2:
        return None
    return (float(np.square(total).sum()) - with_itself) / (count * (count - 1))
