import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import entropy as scipy_entropy

from semtok.tokenizers.measures import collision_rate, entropy, perplexity, prefix_ids

CODES = st.tuples(st.integers(1, 30), st.integers(1, 4)).flatmap(
    lambda shape: arrays(np.int32, shape, elements=st.integers(0, 3))
)


def test_prefix_ids_by_hand():
    codes = np.array([[1, 0], [0, 2], [1, 0], [0, 1]], dtype=np.int32)
    # Depth 1: prefixes 0 < 1. Depth 2: (0, 1) < (0, 2) < (1, 0).
    assert prefix_ids(codes).tolist() == [[1, 2], [0, 1], [1, 2], [0, 0]]


@given(CODES)
def test_prefix_ids_are_those_of_numpy_at_every_depth(codes):
    ids = prefix_ids(codes)
    for depth in range(codes.shape[1]):
        expected = np.unique(codes[:, : depth + 1], axis=0, return_inverse=True)[1].reshape(-1)
        np.testing.assert_array_equal(ids[:, depth], expected)


def test_prefix_ids_do_not_overflow():
    codes = np.array([[2**31 - 1] * 6, [2**31 - 1] * 5 + [0]], dtype=np.int32)
    assert prefix_ids(codes)[:, -1].tolist() == [1, 0]


@given(arrays(np.int64, st.integers(1, 20), elements=st.integers(0, 50)).filter(np.any))
def test_entropy_is_that_of_scipy(counts):
    assert entropy(counts) == pytest.approx(scipy_entropy(counts), abs=1e-12)
    assert perplexity(counts) == pytest.approx(np.exp(scipy_entropy(counts)))


def test_perplexity_of_equal_use_is_the_number_of_codes_used():
    assert perplexity(np.array([5, 5, 0, 5, 5])) == pytest.approx(4)
    assert entropy(np.array([7])) == 0


def test_collision_rate_counts_missing_tuples():
    # Three items of one tuple and one of another: two tuples for four items.
    assert collision_rate(np.array([[0, 1], [0, 1], [0, 1], [1, 1]], dtype=np.int32)) == 0.5
