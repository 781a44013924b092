"""RQ-k-means: k-means on the vectors, then on what each level leaves over; no network."""

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from semtok.config.tokenizers import RQKMeansTokenizer
from semtok.errors import ConfigError
from semtok.tokenizers.base import TokenizerTask, Tokens
from semtok.tokenizers.measures import collision_rate, perplexity
from semtok.tokenizers.vectors import read_catalogue


def tokenize(task: TokenizerTask) -> Tokens:
    """Fit on the vectors that exist; an item without one is coded as their mean. The history has one row per level."""
    catalogue = read_catalogue(task.vectors)
    points = np.concatenate([catalogue.vectors[catalogue.present], catalogue.mean[None]])
    codes, books = fit(task.options, points, task.seed)
    everyone = catalogue.spread(codes[:-1], codes[-1])
    facts = {"items_without_vector": catalogue.missing}
    tokens = Tokens(everyone, {"books": books}, _history(everyone, points, books, codes), facts)
    if task.options.repair is None:
        return tokens
    # Here, since it needs torch and this method does not.
    from semtok.tokenizers.repair import repaired

    last = points - sum(book[code] for book, code in zip(books[:-1], codes.T, strict=False))
    return repaired(tokens, catalogue.spread(last[:-1], last[-1]), books[-1], task.options.repair)


def fit(
    options: RQKMeansTokenizer, points: npt.NDArray[np.float32], seed: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    """Codes [points, n_levels] and books [n_levels, K, dim] of [points, dim]; the last point is coded, not learned."""
    if len(points) - 1 < options.codebook_size:
        raise ConfigError(
            f"codebook_size: {options.codebook_size} codewords cannot be fitted to {len(points) - 1} items"
        )
    residuals = points
    codes, books = [], []
    for level in range(options.n_levels):
        means = KMeans(options.codebook_size, n_init=1, max_iter=options.max_iterations, random_state=seed + level)
        with warnings.catch_warnings():
            # Fewer distinct residuals than codewords: some codewords coincide, and the lowest is used.
            warnings.simplefilter("ignore", ConvergenceWarning)
            means.fit(residuals[:-1])
        codes.append(means.predict(residuals))
        books.append(means.cluster_centers_)
        residuals = residuals - books[-1][codes[-1]]
    return np.stack(codes, axis=1).astype(np.int32), np.stack(books).astype(np.float32)


def _history(
    everyone: npt.NDArray[np.int32],
    points: npt.NDArray[np.float32],
    books: npt.NDArray[np.float32],
    codes: npt.NDArray[np.int32],
) -> list[dict[str, Any]]:
    """Per level: mean squared and mean norm of what it leaves over, perplexity, and collisions down to it."""
    rows, residuals = [], points[:-1]
    for level, book in enumerate(books):
        residuals = residuals - book[codes[:-1, level]]
        squares = np.square(residuals, dtype=np.float64).sum(axis=1)
        rows.append(
            {
                "level": level + 1,
                "squared_error": float(squares.mean()),
                "residual_norm": float(np.sqrt(squares).mean()),
                "perplexity": perplexity(np.bincount(everyone[:, level])),
                "collision_rate": collision_rate(everyone[:, : level + 1]),
            }
        )
    return rows
