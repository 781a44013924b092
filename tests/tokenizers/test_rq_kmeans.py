import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import normalized_mutual_info_score

from semtok.config.tokenizers import RQKMeansTokenizer
from semtok.errors import ConfigError
from semtok.tokenizers.train import tokenize


def options(**changed):
    fields = {"method": "rq-kmeans", "encoder": "text", "n_levels": 3, "codebook_size": 8, "max_iterations": 100}
    fields["repair"] = None
    return RQKMeansTokenizer(**{**fields, **changed})


def test_each_level_is_k_means_of_what_is_left_over(clusters, written):
    tokens = tokenize(options(), *written(clusters[0]), seed=4)
    residuals = clusters[0]
    for level in range(3):
        peer = KMeans(8, n_init=1, max_iter=100, random_state=4 + level).fit(residuals)
        np.testing.assert_array_equal(tokens.codes[:, level], peer.predict(residuals))
        np.testing.assert_array_equal(tokens.state["books"][level], peer.cluster_centers_)
        residuals = residuals - peer.cluster_centers_[peer.labels_]
        assert tokens.history[level]["squared_error"] == pytest.approx(np.square(residuals).sum() / 240, rel=1e-4)


def test_codes_are_nearest_and_errors_fall(clusters, written):
    tokens = tokenize(options(), *written(clusters[0]), seed=0)
    residuals = clusters[0].astype(np.float64)
    for column, book in zip(tokens.codes.T, tokens.state["books"], strict=True):
        distances = np.square(residuals[:, None] - book[None]).sum(axis=2)
        np.testing.assert_allclose(distances[np.arange(240), column], distances.min(axis=1), atol=1e-6)
        residuals = residuals - book[column]
    errors = [row["squared_error"] for row in tokens.history]
    assert errors[0] > errors[1] > errors[2] > 0
    assert [row["level"] for row in tokens.history] == [1, 2, 3]


def test_first_code_finds_the_clusters(clusters, written):
    tokens = tokenize(options(), *written(clusters[0]), seed=0)
    assert normalized_mutual_info_score(clusters[1], tokens.codes[:, 0]) > 0.85


def test_items_without_a_vector_are_coded_as_the_mean_and_teach_nothing(clusters, written):
    vectors = clusters[0].copy()
    vectors[[3, 50]] = np.nan
    tokens = tokenize(options(), *written(vectors), seed=0)
    without = tokenize(options(), *written(np.delete(vectors, [3, 50], axis=0)), seed=0)
    assert tokens.facts == {"items_without_vector": 2}
    np.testing.assert_array_equal(np.delete(tokens.codes, [3, 50], axis=0), without.codes)
    np.testing.assert_array_equal(tokens.state["books"], without.state["books"])
    residual = np.nanmean(vectors, axis=0, dtype=np.float64)
    for level, book in enumerate(tokens.state["books"]):
        code = np.square(residual - book).sum(axis=1).argmin()
        assert tokens.codes[3, level] == tokens.codes[50, level] == code
        residual = residual - book[code]


def test_fewer_items_than_codewords_is_an_error(written):
    with pytest.raises(ConfigError, match="codebook_size: 8 codewords cannot be fitted to 5 items"):
        tokenize(options(), *written(np.eye(5, dtype=np.float32)), seed=0)


def test_fewer_distinct_items_than_codewords_is_none(written):
    vectors = np.repeat(np.eye(3, dtype=np.float32), 4, axis=0)
    codes = tokenize(options(), *written(vectors), seed=0).codes
    assert len(np.unique(codes, axis=0)) == 3
