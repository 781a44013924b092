"""STORE's clusterer: PCA, then k-means, of each dense token on its own (STORE, 3.2, equations 6-7)."""

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning

from semtok.config.tokenizers import STORETokenizer
from semtok.errors import ConfigError
from semtok.tokenizers.base import TokenizerTask, Tokens
from semtok.tokenizers.measures import collision_rate, perplexity
from semtok.tokenizers.vectors import read_catalogue

Floats = npt.NDArray[np.float32]


def tokenize(task: TokenizerTask) -> Tokens:
    """Fit on the items that have dense tokens; one without is coded as their mean. The history has a row a position.

    The state holds what maps a centroid back to a dense token: `centroids` [v, K, d], `components` [v, d, D] and
    `means` [v, D], so that a dense token is about centroid @ components + mean.
    """
    options: STORETokenizer = task.options
    catalogue = read_catalogue(task.vectors)
    n_items, width = catalogue.vectors.shape
    if width % options.n_levels:
        raise ConfigError(
            f"n_levels: {options.n_levels} codes cannot be made of vectors of {width} dimensions; expected as many as "
            f"the dense_tokens of {options.encoder}"
        )
    learned = catalogue.rows(catalogue.present).reshape(len(catalogue.present), options.n_levels, -1)
    means = catalogue.mean.reshape(options.n_levels, -1)
    codes = np.empty((n_items, options.n_levels), dtype=np.int32)
    state: dict[str, list[Floats]] = {"means": [], "components": [], "centroids": []}
    history = []
    for position in range(options.n_levels):
        pca, clusters, row = fit(options, learned[:, position], task.seed + position)
        of_mean = clusters.predict(pca.transform(means[None, position]))
        codes[:, position] = catalogue.spread(clusters.labels_, of_mean[0])
        state["means"].append(pca.mean_)
        state["components"].append(pca.components_)
        state["centroids"].append(clusters.cluster_centers_)
        used = perplexity(np.bincount(codes[:, position]))
        collisions = collision_rate(codes[:, : position + 1])
        history.append({"level": position + 1, **row, "perplexity": used, "collision_rate": collisions})
    arrays = {name: np.stack(parts).astype(np.float32) for name, parts in state.items()}
    return Tokens(codes, arrays, history, {"items_without_vector": catalogue.missing})


def fit(options: STORETokenizer, points: Floats, seed: int) -> tuple[PCA, KMeans, dict[str, Any]]:
    """PCA and k-means of one position [n, D], and what they leave over."""
    if len(points) < options.codebook_size:
        raise ConfigError(f"codebook_size: {options.codebook_size} clusters cannot be made of {len(points)} items")
    if options.components > min(points.shape):
        raise ConfigError(
            f"components: found {options.components}; expected at most {min(points.shape)}, since {len(points)} items "
            f"have dense tokens of {points.shape[1]} dimensions"
        )
    pca = PCA(options.components, random_state=seed).fit(points)
    means = KMeans(
        options.codebook_size,
        n_init=options.initializations,
        max_iter=options.max_iterations,
        random_state=seed,
    )
    with warnings.catch_warnings():
        # Fewer distinct points than clusters: some clusters coincide, and the lowest is used.
        warnings.simplefilter("ignore", ConvergenceWarning)
        means.fit(pca.transform(points))
    row = {
        "explained_variance": float(pca.explained_variance_ratio_.sum()),
        "squared_error": float(means.inertia_ / len(points)),
    }
    return pca, means, row
