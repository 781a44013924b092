"""Implicit matrix factorisation by alternating least squares: item factors of the train counts (SimCIT, IV-A)."""

import logging
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from implicit.cpu.als import AlternatingLeastSquares
from scipy import sparse
from threadpoolctl import threadpool_limits

from semtok.config.encoders import ALSEncoder
from semtok.errors import SemtokError

log = logging.getLogger(__name__)

Vectors = npt.NDArray[np.float32]


def encode(options: ALSEncoder, train: pd.DataFrame, n_items: int) -> tuple[Vectors, dict[str, Any]]:
    """Factorise the counts of `train` (columns user and item, one row an interaction).

    Returns float32 [n_items, factors], NaN where `train` does not hold the item, and facts. `loss` is the library's:
    the confidence-weighted squared error over all cells and the penalty, divided by the sum of confidences.
    """
    counts = user_item_counts(train, n_items)
    seen = np.bincount(counts.indices, minlength=n_items) > 0
    factors, loss = factorize(options, counts)
    vectors = np.full((n_items, options.factors), np.nan, dtype=np.float32)
    vectors[seen] = standardized(factors[seen]) if options.standardize else factors[seen]
    facts = {
        "method": options.method,
        "items": n_items,
        "items_without_interactions": int((~seen).sum()),
        "dimensions": options.factors,
        "train_interactions": len(train),
        "train_users": int(counts.shape[0]),
        "train_pairs": int(counts.nnz),
        "loss": loss,
    }
    log.info("collaborative vectors: %s", facts)
    return vectors, facts


def user_item_counts(train: pd.DataFrame, n_items: int) -> sparse.csr_matrix:
    """How often each user of `train` took each item: float32 [n_users, n_items].

    Rows are the users that occur, so that a user who only has held-out records does not shift the random start.
    """
    users, found = pd.factorize(train["user"], sort=True)
    ones = np.ones(len(train), dtype=np.float32)
    counts = sparse.csr_matrix((ones, (users, train["item"].to_numpy())), shape=(len(found), n_items))
    counts.sum_duplicates()
    return counts


def factorize(options: ALSEncoder, counts: sparse.csr_matrix) -> tuple[Vectors, float]:
    """Item factors [n_items, factors] and the last loss; the same for the same seed, on any number of threads."""
    confidence = counts.copy()
    # The library takes a cell's confidence itself, 1 for the empty ones: its own `alpha` would give alpha r.
    confidence.data = 1 + options.alpha * confidence.data
    losses: list[float] = []
    # Rows are solved in parallel, each by one call to BLAS, which must not start threads of its own.
    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(
            factors=options.factors,
            regularization=options.regularization,
            alpha=1.0,
            dtype=np.float32,
            use_cg=False,
            iterations=options.iterations,
            calculate_training_loss=True,
            random_state=options.seed,
        )
        try:
            model.fit(confidence, show_progress=False, callback=lambda _epoch, _seconds, loss: losses.append(loss))
        except ValueError as error:  # its equations have no solution in float32
            raise SemtokError(
                f"ALS: {error} (regularization {options.regularization}); or lower alpha ({options.alpha})"
            ) from error
    return model.item_factors, float(losses[-1])


def standardized(vectors: Vectors) -> Vectors:
    """Columns of zero mean and unit variance; a constant column becomes zeros."""
    deviation = vectors.std(axis=0, dtype=np.float64)
    scaled = (vectors - vectors.mean(axis=0, dtype=np.float64)) / np.where(deviation > 0, deviation, 1)
    return np.asarray(scaled, dtype=np.float32)
