"""Filters: cases by hand and properties of whatever comes."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

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


HOUR = 3600


def kept(sequences, times=None, **changes):
    """The sequences that stay, and what was counted; `times` of each sequence in seconds, a day apart by default."""
    user = np.repeat(np.arange(len(sequences)), [len(s) for s in sequences]).astype(np.int32)
    item = np.array([i for s in sequences for i in s], dtype=np.int32)
    times = times or [[24 * HOUR * position for position in range(len(s))] for s in sequences]
    timestamp = np.array([time for s in times for time in s], dtype=np.int64)
    counts = Counter()
    rows = apply_filters(user, item, timestamp, filters(**changes), counts)
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


def test_an_item_again_within_minutes_is_the_same_visit():
    # Item 1 at 0, 60 and 120 seconds is one visit, though item 2 lies between; after 121 more seconds it is another.
    times = [[0, 30, 60, 120, 241], [60]]
    sequences, counts = kept([[1, 2, 1, 1, 1], [1]], times, same_visit_minutes=1)
    assert sequences == [[1, 2, 1], [1]]
    assert counts == {"dropped_same_visits": 2}
    # Two visits of the same second are one; without the option nothing is dropped.
    assert kept([[1, 1, 2]], [[5, 5, 6]], same_visit_minutes=0)[0] == [[1, 2]]
    assert kept([[1, 1, 2]], [[5, 5, 6]]) == ([[1, 1, 2]], {})


def test_repeated_visits_do_not_count_towards_the_minima():
    times = [[0, 60, 7200], [0]]
    assert kept([[1, 1, 2], [2]], times, same_visit_minutes=1, min_item_count=2)[0] == [[2], [2]]


def test_a_pause_of_the_gap_or_more_ends_a_session():
    # A pause of 24 hours ends a session, one of a second less does not; nor does a day that begins.
    day = 24 * HOUR
    times = [[0, day - 1, 2 * day - 2, 3 * day - 2, 4 * day - 3], [0, 1, 2]]
    sequences, counts = kept([[1, 2, 3, 4, 5], [6, 7, 8]], times, sessions={"gap_hours": 24, "min_length": 3})
    assert sequences == [[1, 2, 3], [6, 7, 8]]
    assert counts == {"dropped_short_sessions": 2}
    assert kept([[1, 2], [3, 4]], [[0, 1], [1, 2]], sessions={"gap_hours": 24, "min_length": 3})[0] == [[], []]


def test_sessions_are_dropped_after_the_minima_and_once():
    # All three items occur twice, as they must; that session 3 of user 0 is too short leaves item 3 with one.
    times = [[0, 1, 99 * HOUR], [0, 1, 2]]
    options = {"min_item_count": 2, "sessions": {"gap_hours": 24, "min_length": 2}}
    assert kept([[1, 2, 3], [1, 2, 3]], times, **options) == ([[1, 2], [1, 2, 3]], {"dropped_short_sessions": 1})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"same_visit_minutes": -1}, "greater than or equal to 0"),
        ({"sessions": {"gap_hours": 0, "min_length": 3}}, "greater than 0"),
        ({"sessions": {"gap_hours": 24, "min_length": 0}}, "greater than 0"),
        ({"sessions": {"gap_hours": 24}}, "Field required"),
    ],
)
def test_options_without_sense_are_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        filters(**changes)


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


def cut_at_pauses(times, gap):
    """Sessions by the definition: lists of times, of which neighbours lie less than `gap` apart."""
    sessions = []
    for time in times:
        if sessions and time - sessions[-1][-1] < gap:
            sessions[-1].append(time)
        else:
            sessions.append([time])
    return sessions


hours_of_users = st.lists(st.lists(st.integers(0, 40), max_size=12).map(sorted), min_size=1, max_size=6)


@given(hours_of_users, st.integers(1, 12), st.integers(1, 4))
def test_sessions_stay_whole_if_they_are_long_enough(hours, gap, length):
    # Every interaction has an item of its own, which tells its hour.
    hour = [h for own in hours for h in own]
    numbers = iter(range(len(hour)))
    sequences = [[next(numbers) for _ in own] for own in hours]
    times = [[HOUR * h for h in own] for own in hours]
    stays, counts = kept(sequences, times, sessions={"gap_hours": gap, "min_length": length})
    for own, after in zip(hours, stays, strict=True):
        expected = [session for session in cut_at_pauses(own, gap) if len(session) >= length]
        assert cut_at_pauses([hour[number] for number in after], gap) == expected
    assert counts.get("dropped_short_sessions", 0) == len(hour) - sum(map(len, stays))


@given(hours_of_users, st.data(), st.integers(0, 5))
def test_visits_of_an_item_that_stay_lie_apart(hours, data, minutes):
    sequences = [data.draw(st.lists(st.integers(0, 2), min_size=len(own), max_size=len(own))) for own in hours]
    # Here the numbers are minutes, so that visits come close to each other.
    times = [[60 * minute for minute in own] for own in hours]
    stays, _ = kept(sequences, times, same_visit_minutes=minutes)
    for items, own, after in zip(sequences, hours, stays, strict=True):
        visits = {
            item: len(cut_at_pauses([m for i, m in zip(items, own, strict=True) if i == item], minutes + 1))
            for item in items
        }
        assert Counter(after) == visits


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
