"""Which interactions stay (docs/data.md, "Filters and splits")."""

from collections import Counter

import numpy as np
import numpy.typing as npt

from semtok.config.data import Filters, Sessions

Rows = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Times = npt.NDArray[np.int64]


def apply_filters(user: Codes, item: Codes, timestamp: Times, filters: Filters, counts: Counter[str]) -> Rows:
    """Rows that stay, ascending. `user`, `item` and `timestamp` (seconds) are sorted by (user, time).

    Duplicates and repeated visits go first. Then, until nothing changes: the iterative k-core over both minima, users
    longer than the maximum, all but the last interactions of a user. So both minima, the maximum and the cap hold in
    what is returned, unless `filters.sessions` drops short sessions, which it does last and once.
    `counts` receives how many interactions each step dropped.
    """
    rows: Rows = np.arange(len(user), dtype=np.int64)
    rows = _note(rows, rows[~_repeats(user, item, filters.duplicates)], "dropped_duplicates", counts)
    if filters.same_visit_minutes is not None:
        again = _same_visit(user[rows], item[rows], timestamp[rows], 60 * filters.same_visit_minutes)
        rows = _note(rows, rows[~again], "dropped_same_visits", counts)
    rows = _within_lengths(user, item, rows, filters, counts)
    if filters.sessions is not None:
        session = _sessions(user[rows], timestamp[rows], filters.sessions)
        long_enough = np.bincount(session)[session] >= filters.sessions.min_length
        rows = _note(rows, rows[long_enough], "dropped_short_sessions", counts)
    return rows


def _within_lengths(user: Codes, item: Codes, rows: Rows, filters: Filters, counts: Counter[str]) -> Rows:
    while True:
        before = len(rows)
        core = _core(user, item, rows, filters.min_user_length, filters.min_item_count)
        rows = _note(rows, core, "dropped_below_minima", counts)
        if filters.max_user_length is not None:
            lengths = np.bincount(user[rows])
            rows = _note(rows, rows[lengths[user[rows]] <= filters.max_user_length], "dropped_long_users", counts)
        if filters.last_interactions is not None:
            kept = rows[_to_end(user[rows]) < filters.last_interactions]
            rows = _note(rows, kept, "dropped_before_the_last", counts)
        if len(rows) == before:
            return rows


def _note(before: Rows, after: Rows, key: str, counts: Counter[str]) -> Rows:
    counts[key] += len(before) - len(after)
    return after


def _repeats(user: Codes, item: Codes, policy: str) -> npt.NDArray[np.bool_]:
    """Mask of the interactions that repeat an earlier one."""
    repeats = np.zeros(len(user), dtype=bool)
    if policy == "drop_consecutive":
        repeats[1:] = (user[1:] == user[:-1]) & (item[1:] == item[:-1])
    elif policy == "drop_repeats":
        pair = user.astype(np.int64) * (int(item.max(initial=0)) + 1) + item
        repeats[:] = True
        repeats[np.unique(pair, return_index=True)[1]] = False
    return repeats


def _same_visit(user: Codes, item: Codes, timestamp: Times, seconds: int) -> npt.NDArray[np.bool_]:
    """Mask of the interactions at most `seconds` after another one of the same user and item."""
    order = np.lexsort((timestamp, item, user))
    earlier, later = order[:-1], order[1:]
    again = np.zeros(len(user), dtype=bool)
    again[later] = (
        (user[later] == user[earlier])
        & (item[later] == item[earlier])
        & (timestamp[later] - timestamp[earlier] <= seconds)
    )
    return again


def _sessions(user: Codes, timestamp: Times, sessions: Sessions) -> npt.NDArray[np.int64]:
    """The number of each interaction's session, ascending from 0."""
    opens = np.zeros(len(user), dtype=bool)
    opens[1:] = (user[1:] != user[:-1]) | (np.diff(timestamp) >= 3600 * sessions.gap_hours)
    number: npt.NDArray[np.int64] = np.cumsum(opens)
    return number


def _core(user: Codes, item: Codes, rows: Rows, min_user: int, min_item: int) -> Rows:
    while len(rows):
        enough = (np.bincount(user[rows])[user[rows]] >= min_user) & (np.bincount(item[rows])[item[rows]] >= min_item)
        if enough.all():
            break
        rows = rows[enough]
    return rows


def _to_end(user: Codes) -> npt.NDArray[np.int64]:
    """How many interactions of the same user follow each; `user` is sorted."""
    ends = np.searchsorted(user, user, side="right")
    return ends - 1 - np.arange(len(user))
