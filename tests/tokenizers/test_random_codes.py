import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semtok.config.tokenizers import RandomTokenizer
from semtok.errors import ConfigError
from semtok.tokenizers.random_codes import draw
from semtok.tokenizers.train import tokenize


@given(st.integers(1, 3), st.integers(2, 6), st.integers(0, 5), st.data())
def test_tuples_are_distinct_and_in_range(n_levels, codebook_size, seed, data):
    n_items = data.draw(st.integers(1, codebook_size**n_levels))
    codes = draw(n_items, n_levels, codebook_size, seed)
    assert codes.shape == (n_items, n_levels)
    assert codes.dtype == np.int32
    assert codes.min() >= 0
    assert codes.max() < codebook_size
    assert len(np.unique(codes, axis=0)) == n_items
    np.testing.assert_array_equal(codes, draw(n_items, n_levels, codebook_size, seed))


def test_all_tuples_can_be_used():
    codes = draw(27, 3, 3, seed=0)
    assert sorted(map(tuple, codes.tolist())) == [(a, b, c) for a in range(3) for b in range(3) for c in range(3)]


def test_every_level_is_uniform():
    codes = draw(20_000, 3, 64, seed=1)
    for column in codes.T:
        counts = np.bincount(column, minlength=64)
        # 312.5 expected; six standard deviations of a binomial are 105.
        assert abs(counts - 312.5).max() < 105


def test_seeds_differ():
    assert (draw(100, 3, 64, 0) != draw(100, 3, 64, 1)).any()


@pytest.mark.parametrize(("n_items", "n_levels"), [(10, 3), (5, 63)])
def test_too_few_or_too_many_tuples_are_an_error(n_items, n_levels):
    with pytest.raises(ConfigError, match="codebook_size 2"):
        draw(n_items, n_levels, 2, 0)


def test_method_needs_no_vectors(written):
    items, _ = written(np.zeros((50, 2), dtype=np.float32))
    tokens = tokenize(RandomTokenizer(method="random", n_levels=3, codebook_size=64), items, {}, seed=3)
    np.testing.assert_array_equal(tokens.codes, draw(50, 3, 64, 3))
    assert tokens.state == {}
    assert tokens.history == []
