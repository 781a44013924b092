"""Filters: cases by hand and properties of whatever comes."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semtok.config.data import Filters
from semtok.data.filters import apply_filters


def filters(**changes):
    options = {
        "duplicates": "keep",
        "min_user_length": 1,
        "min_item_count": 1,
        "max_user_length": None,
        "last_interactions": None,
    }
    return Filters(**(options | changes))


def kept(sequences, **changes):
    """The sequences that stay, and what was counted."""
    user = np.repeat(np.arange(len(sequences)), [len(s) for s in sequences]).astype(np.int32)
    item = np.array([i for s in sequences for i in s], dtype=np.int32)
    counts = Counter()
    rows = apply_filters(user, item, filters(**changes), counts)
    return [item[rows][user[rows] == u].tolist() for u in range(len(sequences))], {k: v for k, v in counts.items() if v}


@pytest.mark.parametrize(
    ("policy", "stays"), [("keep", [1, 1, 2, 1]), ("drop_repeats", [1, 2]), ("drop_consecutive", [1, 2, 1])]
)
def test_duplicates(policy, stays):
    sequences, counts = kept([[1, 1, 2, 1], [1]], duplicates=policy)
    assert sequences == [stays, [1]]
    assert counts.get("dropped_duplicates", 0) == 4 - len(stays)


def test_the_core_is_iterated():
    # Item 3 is too rare; without it user 1 is too short; without that user item 2 is too rare, and so on.
    sequences, counts = kept([[1, 1, 1], [2, 3], [1, 2]], min_user_length=2, min_item_count=2)
    assert sequences == [[1, 1, 1], [], []]
    assert counts == {"dropped_below_minima": 4}


def test_long_users_are_dropped_and_others_capped():
    sequences, counts = kept([[1, 2, 3, 4, 5], [1, 2, 3, 4], [1, 2]], max_user_length=4, last_interactions=3)
    assert sequences == [[], [2, 3, 4], [1, 2]]
    assert counts == {"dropped_long_users": 5, "dropped_before_the_last": 1}


def test_the_minima_hold_after_the_cap_too():
    # The cap takes item 1 from user 0, which leaves it with one interaction.
    sequences, counts = kept([[1, 2, 2], [1, 2, 2]][:2], min_item_count=2, last_interactions=2)
    assert sequences == [[2, 2], [2, 2]]
    sequences, counts = kept([[1, 2, 3], [2, 3], [3, 2, 1]], min_item_count=2, last_interactions=2, min_user_length=2)
    assert sequences == [[2, 3], [2, 3], []]
    assert counts == {"dropped_before_the_last": 2, "dropped_below_minima": 2}


def test_nothing_may_be_left():
    assert kept([[1], [2]], min_user_length=2) == ([[], []], {"dropped_below_minima": 2})
    assert kept([]) == ([], {})


sequences_of_users = st.lists(st.lists(st.integers(0, 6), max_size=9), min_size=1, max_size=9)
any_filters = st.fixed_dictionaries(
    {
        "duplicates": st.sampled_from(["keep", "drop_repeats", "drop_consecutive"]),
        "min_user_length": st.integers(1, 4),
        "min_item_count": st.integers(1, 4),
        "max_user_length": st.none() | st.integers(1, 8),
        "last_interactions": st.none() | st.integers(1, 6),
    }
)


@given(sequences_of_users, any_filters)
def test_what_stays_meets_every_condition_and_the_rest_is_counted(sequences, changes):
    stays, counts = kept(sequences, **changes)
    lengths = [len(s) for s in stays if s]
    assert all(length >= changes["min_user_length"] for length in lengths)
    assert all(count >= changes["min_item_count"] for count in Counter(i for s in stays for i in s).values())
    for bound in ("max_user_length", "last_interactions"):
        assert changes[bound] is None or all(length <= changes[bound] for length in lengths)
    for before, after in zip(sequences, stays, strict=True):
        rest = iter(before)
        assert all(item in rest for item in after), "what stays must be a subsequence"
        if changes["duplicates"] == "drop_repeats":
            assert len(set(after)) == len(after)
    assert sum(counts.values()) == sum(map(len, sequences)) - sum(lengths)


@given(sequences_of_users, st.integers(1, 4), st.integers(1, 4))
def test_the_core_is_the_largest_one(sequences, min_user, min_item):
    """The k-core is unique: removing one offender at a time, in any order, ends in the same."""
    remaining = [(u, i) for u, s in enumerate(sequences) for i in s]
    while True:
        users, items = Counter(u for u, _ in remaining), Counter(i for _, i in remaining)
        offender = next((x for x in remaining if users[x[0]] < min_user or items[x[1]] < min_item), None)
        if offender is None:
            break
        remaining.remove(offender)
    stays, _ = kept(sequences, min_user_length=min_user, min_item_count=min_item)
    assert sorted(remaining) == sorted((u, i) for u, s in enumerate(stays) for i in s)
