"""TF-IDF and truncated SVD (latent semantic analysis): text vectors without any download."""

import logging
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

from semtok.config.encoders import TfidfEncoder

log = logging.getLogger(__name__)


def encode_texts(options: TfidfEncoder, texts: list[str]) -> tuple[npt.NDArray[np.float32], dict[str, Any]]:
    """One unit vector a text: float32 [n_texts, dim].

    dim is `dimensions`, or as many as texts and vocabulary allow: the SVD of an [n, v] matrix has at most min(n, v).
    """
    counts = TfidfVectorizer(max_features=options.max_features).fit_transform(texts)
    dimensions = min(options.dimensions, *counts.shape)
    if dimensions < options.dimensions:
        log.warning(
            "dimensions: %d asked for, %d given: there are %d unique texts and %d words",
            options.dimensions,
            dimensions,
            *counts.shape,
        )
    svd = TruncatedSVD(dimensions, n_iter=7, random_state=options.seed)
    vectors = normalize(svd.fit_transform(counts)).astype(np.float32)
    return vectors, {
        "vocabulary": int(counts.shape[1]),
        "explained_variance": float(svd.explained_variance_ratio_.sum()),
    }
