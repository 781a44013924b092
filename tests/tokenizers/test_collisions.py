from collections import defaultdict

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from semtok.tokenizers.collisions import groups, with_suffix

CODES = st.tuples(st.integers(1, 40), st.integers(1, 4)).flatmap(
    lambda shape: arrays(np.int32, shape, elements=st.integers(0, 2))
)


def test_suffix_by_hand():
    codes = np.array([[5, 1], [2, 2], [5, 1], [0, 0], [5, 1], [2, 2]], dtype=np.int32)
    assert with_suffix(codes).tolist() == [[5, 1, 0], [2, 2, 0], [5, 1, 1], [0, 0, 0], [5, 1, 2], [2, 2, 1]]
    assert [group.tolist() for group in groups(codes)] == [[1, 5], [0, 2, 4]]


def test_no_collision_gives_zeros():
    codes = np.arange(6, dtype=np.int32).reshape(3, 2)
    assert with_suffix(codes)[:, -1].tolist() == [0, 0, 0]
    assert groups(codes) == []


@given(CODES)
def test_rows_are_distinct_and_the_raw_codes_untouched(codes):
    before = codes.copy()
    result = with_suffix(codes)
    assert result.dtype == np.int32
    assert len(np.unique(result, axis=0)) == len(codes)
    np.testing.assert_array_equal(result[:, :-1], before)
    np.testing.assert_array_equal(codes, before)


@given(CODES)
def test_suffix_numbers_the_items_of_a_tuple_in_order_of_id(codes):
    seen: dict[tuple[int, ...], int] = defaultdict(int)
    for row, suffix in zip(codes.tolist(), with_suffix(codes)[:, -1].tolist(), strict=True):
        assert suffix == seen[tuple(row)]
        seen[tuple(row)] += 1
    assert sorted(len(group) for group in groups(codes)) == sorted(count for count in seen.values() if count > 1)


@given(CODES, st.integers(0, 40))
def test_suffix_does_not_depend_on_later_items(codes, length):
    length = max(1, min(length, len(codes)))
    np.testing.assert_array_equal(with_suffix(codes)[:length], with_suffix(codes[:length]))
