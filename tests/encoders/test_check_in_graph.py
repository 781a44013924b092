import numpy as np
import pandas as pd
import pytest

from semtok.config.encoders import CheckInGraph
from semtok.encoders.check_in_graph import build
from semtok.errors import DataError

HOUR = 3600
ITEMS = pd.DataFrame({"raw_id": list("abcde")})


@pytest.fixture
def graph(tmp_path):
    """The graph of rows (user, item, hours, split)."""

    def make(rows, max_gap_hours=24.0):
        frame = pd.DataFrame(rows, columns=["user", "item", "hours", "split"])
        frame["timestamp"] = (frame["hours"] * HOUR).astype("int64")
        frame.to_parquet(tmp_path / "interactions.parquet")
        options = CheckInGraph(method="check-in", max_gap_hours=max_gap_hours)
        return build(options, ITEMS, tmp_path / "interactions.parquet").toarray()

    return make


def train(user, items, hours):
    return [(user, item, hour, "train") for item, hour in zip(items, hours, strict=True)]


def test_by_hand(graph):
    # 0 -> 1 three times, 1 -> 0 once: the larger direction counts. 1 -> 2 once.
    found = graph(train(0, [0, 1, 0, 1, 2], range(5)) + train(1, [0, 1], [0, 1]))
    expected = np.zeros((5, 5))
    expected[0, 1], expected[1, 2] = np.log(4), np.log(2)
    np.testing.assert_allclose(found, expected + expected.T, rtol=1e-6)


def test_a_day_is_still_one_after_the_other_and_a_second_more_is_not(graph):
    assert graph(train(0, [0, 1], [0, 24]) + train(1, [3, 4], [0, 1]))[0, 1] > 0
    assert graph(train(0, [0, 1], [0, 24 + 1 / HOUR]) + train(1, [3, 4], [0, 1]))[0, 1] == 0
    assert graph(train(0, [0, 1], [0, 24 + 1 / HOUR]) + train(1, [3, 4], [0, 1]), max_gap_hours=25)[0, 1] > 0


def test_staying_is_no_edge_but_the_next_place_is(graph):
    found = graph(train(0, [0, 0, 1], [0, 1, 2]))
    assert (found.diagonal() == 0).all()
    assert found[0, 1] == pytest.approx(np.log(2))


def test_users_do_not_follow_each_other(graph):
    found = graph(train(0, [0, 1], [0, 1]) + train(1, [2, 3], [2, 3]))
    assert found[1, 2] == 0


@pytest.mark.parametrize("split", ["valid", "test", "context"])
def test_held_out_records_change_nothing(graph, split):
    rows = train(0, [0, 1, 2], [0, 1, 2]) + train(1, [3, 4], [0, 1])
    moved = [*rows[:3], (0, 4, 3, split), (0, 3, 4, split), *rows[3:], (1, 0, 2, split)]
    np.testing.assert_array_equal(graph(rows), graph(moved))


def test_nothing_follows_anything(graph):
    with pytest.raises(DataError, match=r"within 24\.0 hours in 2 train"):
        graph(train(0, [0, 1], [0, 100]))


def test_it_needs_interactions():
    with pytest.raises(DataError, match="needs them"):
        build(CheckInGraph(method="check-in", max_gap_hours=24.0), ITEMS)
