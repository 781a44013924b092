"""STORE's clusterer on planted clusters."""

import numpy as np
import pytest

from semtok.config.tokenizers import STORETokenizer
from semtok.errors import ConfigError
from semtok.tokenizers.train import tokenize

OPTIONS = {
    **{"method": "store", "encoder": "dense", "n_levels": 2, "codebook_size": 4, "components": 3},
    **{"initializations": 3, "max_iterations": 50},
}
WIDTH = 8


def options(**changed):
    return STORETokenizer(**{**OPTIONS, **changed})


@pytest.fixture
def planted(written):
    """Two dense tokens an item, each near one of four centres of its own; item 7 lacks them."""
    random = np.random.default_rng(0)
    groups = random.integers(4, size=(200, 2))
    centres = random.normal(size=(2, 4, WIDTH))
    dense = centres[[0, 1], groups] + 0.01 * random.normal(size=(200, 2, WIDTH))
    vectors = dense.reshape(200, 2 * WIDTH).astype(np.float32)
    vectors[7] = np.nan
    return *written(vectors), groups


def is_a_renaming(codes, groups):
    pairs = set(zip(codes.tolist(), groups.tolist(), strict=True))
    return len(pairs) == len(set(codes.tolist())) == len(set(groups.tolist()))


def test_each_position_finds_its_own_clusters(planted):
    items, views, groups = planted
    tokens = tokenize(options(), items, views, 0)
    assert (tokens.codes.dtype, tokens.codes.shape) == (np.int32, (200, 2))
    having = np.arange(200) != 7
    for position in (0, 1):
        assert is_a_renaming(tokens.codes[having, position], groups[having, position])
    # Of a position's own: nothing of the other level's groups is in its codes.
    assert not is_a_renaming(tokens.codes[having, 0], groups[having, 1])
    assert tokens.facts == {"items_without_vector": 1}
    assert [row["level"] for row in tokens.history] == [1, 2]
    assert all(row["explained_variance"] > 0.99 and row["squared_error"] < 0.01 for row in tokens.history)


def test_the_state_maps_codes_back_to_dense_tokens(planted):
    items, views, _ = planted
    tokens = tokenize(options(), items, views, 0)
    dense = np.load(views["encoder"]).reshape(200, 2, WIDTH)
    for position in (0, 1):
        centroids = tokens.state["centroids"][position] @ tokens.state["components"][position]
        found = centroids[tokens.codes[:, position]] + tokens.state["means"][position]
        np.testing.assert_allclose(np.delete(found, 7, 0), np.delete(dense[:, position], 7, 0), atol=0.06)


def test_seeds_decide(planted):
    items, views, _ = planted
    many = options(codebook_size=16, initializations=1)
    first, again, other = (tokenize(many, items, views, seed).codes for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"n_levels": 3}, "n_levels: 3 codes cannot be made of vectors of 16 dimensions.*dense_tokens of dense"),
        ({"codebook_size": 200}, "codebook_size: 200 clusters cannot be made of 199 items"),
        ({"components": 9}, "components: found 9; expected at most 8"),
    ],
)
def test_what_does_not_fit_is_told(planted, changed, message):
    items, views, _ = planted
    with pytest.raises(ConfigError, match=message):
        tokenize(options(**changed), items, views, 0)


def test_fewer_distinct_items_than_clusters(written):
    vectors = np.repeat(np.random.default_rng(0).normal(size=(3, 6)), 10, axis=0).astype(np.float32)
    tokens = tokenize(options(components=2), *written(vectors), 0)
    assert len(np.unique(tokens.codes, axis=0)) == 3
