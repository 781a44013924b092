"""k-means whose clusters are neither too small nor too large (LETTER's clusters of codewords)."""

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]


def cluster(points: Floats, centres: Floats, smallest: int, largest: int, iterations: int) -> Labels:
    """Cluster [n] of points [n, dim], each of `smallest` to `largest` points, from centres [clusters, dim].

    Assignment and means take turns until no point moves. Both lower the sum of squared distances as far as the sizes
    allow, so that it never rises. Needs clusters * smallest <= n <= clusters * largest.
    """
    labels = assign(points, centres, smallest, largest)
    for _ in range(iterations - 1):
        before = labels
        labels = assign(points, means(points, labels, len(centres)), smallest, largest)
        if (labels == before).all():
            break
    return labels


def assign(points: Floats, centres: Floats, smallest: int, largest: int) -> Labels:
    """The clusters of least summed squared distance among all of the sizes asked for, [n].

    A linear assignment of points to places: each cluster has `largest` of them, and the first `smallest` are so cheap
    that they are all taken.
    """
    n_clusters = len(centres)
    distances = np.square(points).sum(axis=1)[:, None] + np.square(centres).sum(axis=1) - 2 * points @ centres.T
    labels: Labels = distances.argmin(axis=1)
    sizes = np.bincount(labels, minlength=n_clusters)
    if smallest <= sizes.min() and sizes.max() <= largest:
        return labels
    costs = np.repeat(distances[:, :, None], largest, axis=2)
    # More than all the points together could win by leaving such a place empty.
    costs[:, :, :smallest] -= 1 + len(points) * (distances.max() - distances.min())
    _, places = linear_sum_assignment(costs.reshape(len(points), -1))
    return np.asarray(places // largest, dtype=np.int64)


def means(points: Floats, labels: Labels, n_clusters: int) -> Floats:
    """Mean [n_clusters, dim] of the points of each cluster, none of which is empty."""
    totals: Floats = np.zeros((n_clusters, points.shape[1]))
    np.add.at(totals, labels, points)
    return totals / np.bincount(labels, minlength=n_clusters)[:, None]
