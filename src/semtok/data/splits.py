"""Train, validation and test (docs/data.md, "Filters and splits").

A split labels every interaction `train`, `valid`, `test` or `context` (history only, never learned from), or drops it
(the empty label). A held-out interaction becomes a target if its user has an earlier one.
"""

from collections import Counter

import numpy as np
import numpy.typing as npt

from semtok.config.data import HeldOutUsers, LeaveOneOut, Split, TimeRatio, UserRatio
from semtok.errors import ConfigError

SplitNames = npt.NDArray[np.str_]
Codes = npt.NDArray[np.int32]
Times = npt.NDArray[np.int64]


def apply_split(user: Codes, item: Codes, timestamp: Times, split: Split, counts: Counter[str]) -> SplitNames:
    """A label for each interaction; the arrays are sorted by (user, time). `counts` receives what was dropped or became
    context."""
    if isinstance(split, LeaveOneOut):
        return leave_one_out(user)
    if isinstance(split, UserRatio):
        return user_ratio(user, split)
    if isinstance(split, TimeRatio):
        return time_ratio(user, item, timestamp, split, counts)
    return held_out_users(user, split, counts)


def leave_one_out(user: Codes) -> SplitNames:
    """LOO: the last interaction is test, the last but one valid. Users with fewer than three only train."""
    position, length = _place(user)
    labels = _all_train(user)
    long_enough = length >= 3
    labels[long_enough & (position == length - 2)] = "valid"
    labels[long_enough & (position == length - 1)] = "test"
    return labels


def user_ratio(user: Codes, split: UserRatio) -> SplitNames:
    """RATIO-U: each user's interactions cut at the shares of its length, rounded down, at least one to train."""
    position, length = _place(user)
    # The small number keeps 0.8 * 10 = 8 from falling to 7 by rounding of the sum of shares.
    n_train = np.maximum(1, np.floor(length * (1 - split.valid - split.test) + 1e-9))
    n_before_test = np.maximum(n_train, np.floor(length * (1 - split.test) + 1e-9))
    labels = _all_train(user)
    labels[position >= n_train] = "valid"
    labels[position >= n_before_test] = "test"
    return labels


def time_ratio(user: Codes, item: Codes, timestamp: Times, split: TimeRatio, counts: Counter[str]) -> SplitNames:
    """RATIO-G: all interactions cut by time; those held out whose user or item is not in train are `context`.

    Interactions of the same second are never cut apart: they fall into the later part.
    """
    ordered = np.sort(timestamp)
    labels = _all_train(user)
    for name, share in (("valid", split.valid + split.test), ("test", split.test)):
        first = int(np.floor(len(ordered) * (1 - share) + 1e-9))
        if first < len(ordered):
            labels[timestamp >= ordered[first]] = name
    train = labels == "train"
    unseen_user = ~train & ~np.isin(user, user[train])
    unseen_item = ~train & ~unseen_user & ~np.isin(item, item[train])
    counts["context_of_unseen_users"] += int(unseen_user.sum())
    counts["context_of_unseen_items"] += int(unseen_item.sum())
    labels[unseen_user | unseen_item] = "context"
    return labels


def held_out_users(user: Codes, split: HeldOutUsers, counts: Counter[str]) -> SplitNames:
    """USER-HO: disjoint train, valid and test users, drawn by the seed; the last interaction of the latter is held out.

    Raises ConfigError if there are fewer users with a history than the split asks for.
    """
    position, length = _place(user)
    ids, lengths = np.unique(user, return_counts=True)
    drawn = np.random.default_rng(split.seed).permutation(ids[lengths >= 2])
    n_test = _count(split.test_users, len(drawn))
    n_train = len(drawn) - n_test if split.train_users is None else _count(split.train_users, len(drawn))
    if min(n_test, n_train) < 1 or n_test + n_train > len(drawn):
        wanted = f"{n_test} test users and {n_train if n_train > 0 else 'at least one'} train users"
        raise ConfigError(f"split: {wanted} are asked for, but only {len(drawn)} users have two interactions")
    test, rest = drawn[:n_test], drawn[n_test : n_test + n_train]
    n_valid = round(split.valid * n_train)
    labels = np.full(len(user), "", dtype="<U7")
    labels[np.isin(user, rest[n_valid:])] = "train"
    for name, users in (("valid", rest[:n_valid]), ("test", test)):
        theirs = np.isin(user, users)
        labels[theirs] = "context"
        labels[theirs & (position == length - 1)] = name
    counts["dropped_of_unused_users"] += int((labels == "").sum())
    return labels


def _count(size: float, n_users: int) -> int:
    """A count, or the count that a share of the users is."""
    return size if isinstance(size, int) else round(size * n_users)


def _all_train(user: Codes) -> SplitNames:
    return np.full(len(user), "train", dtype="<U7")


def _place(user: Codes) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Each interaction's position within its user, and that user's length; `user` is sorted."""
    starts = np.searchsorted(user, user, side="left")
    ends = np.searchsorted(user, user, side="right")
    return np.arange(len(user)) - starts, ends - starts
