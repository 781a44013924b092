"""Splits: cases by hand and properties of whatever comes."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semtok.config.data import HeldOutUsers, LeaveOneOut, TimeRatio, UserRatio
from semtok.data.splits import apply_split
from semtok.errors import ConfigError


def split(users, split_options, items=None, times=None):
    """Labels by user, and what was counted; `users` are lengths."""
    user = np.repeat(np.arange(len(users)), users).astype(np.int32)
    item = np.zeros(len(user), np.int32) if items is None else np.array(items, np.int32)
    time = np.arange(len(user)) if times is None else np.array(times)
    counts = Counter()
    labels = apply_split(user, item, time.astype(np.int64), split_options, counts)
    return [labels[user == u].tolist() for u in range(len(users))], {k: v for k, v in counts.items() if v}


def test_leave_one_out():
    labels, _ = split([4, 3, 2, 1], LeaveOneOut(method="leave-one-out"))
    assert labels == [["train", "train", "valid", "test"], ["train", "valid", "test"], ["train"] * 2, ["train"]]


@pytest.mark.parametrize(
    ("length", "parts"),
    [(1, (1, 0, 0)), (2, (1, 0, 1)), (3, (2, 0, 1)), (8, (6, 1, 1)), (10, (8, 1, 1)), (25, (20, 2, 3))],
)
def test_user_ratio(length, parts):
    labels, _ = split([length], UserRatio(method="user-ratio", valid=0.1, test=0.1))
    assert labels == [["train"] * parts[0] + ["valid"] * parts[1] + ["test"] * parts[2]]


def test_time_ratio_cuts_by_time_and_makes_context_of_what_train_does_not_know():
    options = TimeRatio(method="time-ratio", valid=0.25, test=0.25)
    # user 0: 4 interactions, user 1: 2 (the later half), user 2: 2; item 9 is new in the later half.
    labels, counts = split([4, 2, 2], options, items=[1, 2, 1, 9, 1, 2, 1, 2], times=[1, 2, 5, 6, 7, 8, 3, 4])
    assert labels == [["train", "train", "valid", "context"], ["context"] * 2, ["train", "train"]]
    assert counts == {"context_of_unseen_users": 2, "context_of_unseen_items": 1}


def test_interactions_of_the_same_second_are_never_cut_apart():
    options = TimeRatio(method="time-ratio", valid=0.2, test=0.2)
    labels, _ = split([10], options, times=[1, 2, 3, 4, 5, 5, 5, 7, 8, 9])
    assert labels == [["train"] * 4 + ["valid"] * 4 + ["test"] * 2]


def test_held_out_users_are_disjoint_and_drawn_by_the_seed():
    def draw(seed):
        options = HeldOutUsers(method="held-out-users", test_users=3, train_users=10, valid=0.2, seed=seed)
        return split([4] * 20 + [1], options)

    labels, counts = draw(0)
    kinds = Counter(tuple(label) for label in labels[:20])
    context = ("context",) * 3
    assert kinds == {(*context, "test"): 3, (*context, "valid"): 2, ("train",) * 4: 8, ("",) * 4: 7}
    assert labels[20] == [""]
    assert counts == {"dropped_of_unused_users": 29}
    assert draw(0) == draw(0)
    assert draw(0) != draw(1)


@pytest.mark.parametrize(
    ("test_users", "train_users", "kinds"),
    [
        (1 / 9, None, {"test": 2, "valid": 2, "train": 14}),
        (1 / 9, 0.5, {"test": 2, "valid": 1, "train": 8, "unused": 7}),
        (3, 0.5, {"test": 3, "valid": 1, "train": 8, "unused": 6}),
    ],
)
def test_held_out_users_by_shares_of_those_that_have_a_history(test_users, train_users, kinds):
    """18 users have one; a tenth of the train users, rounded, are valid."""
    options = HeldOutUsers(method="held-out-users", test_users=test_users, train_users=train_users, valid=0.1, seed=0)
    labels, _ = split([3] * 18 + [1] * 5, options)
    assert Counter(user[-1] or "unused" for user in labels[:18]) == kinds
    assert all(user == [""] for user in labels[18:])


@pytest.mark.parametrize(("test_users", "train_users"), [(5, None), (3, 3), (0.05, None), (0.9, 0.3)])
def test_more_held_out_users_than_there_are_is_an_error(test_users, train_users):
    options = HeldOutUsers(method="held-out-users", test_users=test_users, train_users=train_users, valid=0.1, seed=0)
    with pytest.raises(ConfigError, match=r"split: \d test users .* only 5 users"):
        split([3] * 5, options)


shares = st.floats(0, 0.45)
any_split = st.one_of(
    st.just(LeaveOneOut(method="leave-one-out")),
    st.builds(UserRatio, method=st.just("user-ratio"), valid=shares, test=shares),
    st.builds(TimeRatio, method=st.just("time-ratio"), valid=shares, test=shares),
    st.builds(
        HeldOutUsers,
        method=st.just("held-out-users"),
        test_users=st.just(1),
        train_users=st.none(),
        valid=shares,
        seed=st.integers(0, 9),
    ),
)


@given(st.lists(st.integers(2, 9), min_size=2, max_size=8), any_split, st.data())
def test_what_is_held_out_never_precedes_what_is_learned(lengths, options, data):
    total = sum(lengths)
    times = data.draw(st.lists(st.integers(0, 12), min_size=total, max_size=total))
    items = data.draw(st.lists(st.integers(0, 4), min_size=total, max_size=total))
    starts = np.cumsum([0, *lengths])
    for start, end in pairwise(starts):
        times[start:end] = sorted(times[start:end])
    labels, counts = split(lengths, options, items, times)
    order = {"context": 0, "train": 0, "valid": 1, "test": 2}
    flat = [label for user in labels for label in user]
    assert set(flat) <= {*order, ""}
    by_time = isinstance(options, TimeRatio)
    assert sum(counts.values()) == flat.count("context" if by_time else "")
    for user in labels:
        ranks = [order[label] for label in user if label and not (by_time and label == "context")]
        assert ranks == sorted(ranks)
        assert by_time or not {"train", "context"} <= set(user)
    if by_time:
        by = {
            name: [t for t, label in zip(times, flat, strict=True) if label == name]
            for name in ("train", "valid", "test")
        }
        assert max(by["train"], default=-1) < min(by["valid"] + by["test"], default=99)
        assert max(by["valid"], default=-1) < min(by["test"], default=99)
        learned = {i for i, label in zip(items, flat, strict=True) if label == "train"}
        assert all(i in learned for i, label in zip(items, flat, strict=True) if label in ("valid", "test"))
        assert all("train" in user for user in labels if {"valid", "test"} & set(user))
        later = [t for t, label in zip(times, flat, strict=True) if label == "context"]
        assert max(by["train"], default=-1) < min(later, default=99)
