import numpy as np
import pandas as pd
import pytest
import torch

from semtok.encoders.geography import EARTH_RADIUS_KM, haversine_km
from semtok.errors import DataError
from semtok.recommenders.check_ins import CheckIns, distances_km
from semtok.recommenders.sequences import Samples, Sequences
from semtok.recommenders.task import RecommenderTask

DEGREE = EARTH_RADIUS_KM * np.pi / 180
"""Kilometres of a degree of latitude."""


def check_ins(latitude, rows=((0, 0, 0, "train"),)):
    """Items on one meridian."""
    user, item, timestamp, split = zip(*rows, strict=True)
    is_train = np.array(split) == "train"
    columns = np.array(user), np.array(item), np.array(timestamp)
    return CheckIns(*columns, is_train, np.array(latitude, dtype=float), np.zeros(len(latitude)))


def histories_of(rows, positions, max_items):
    frame = pd.DataFrame(rows, columns=["user", "item", "timestamp", "split"])
    users = np.arange(len(positions))
    samples = Samples(users, np.array(positions), np.zeros(len(users), dtype=np.int64))
    return Sequences.from_interactions(frame).histories(samples, max_items)


ROWS = [
    *[(0, 0, 7200, "train"), (0, 1, 9000, "train"), (0, 3, 9000 + 3600 * 30, "train"), (0, 0, 9999999, "valid")],
    *[(1, 2, 500, "train"), (1, 1, 1500, "train")],
]
LATITUDE = [0.0, 1.0, 1.5, 3.0]


def test_intervals_since_the_check_in_before_by_hand():
    known = check_ins(LATITUDE, ROWS)
    histories = histories_of(ROWS, [3, 1], 5)
    assert known.hours_since_previous(histories).tolist() == [[0, 0.5, 30], [0, 0, 0]]
    np.testing.assert_allclose(known.km_since_previous(histories), [[0, DEGREE, 2 * DEGREE], [0, 0, 0]], rtol=1e-6)
    assert known.hours(histories).tolist() == [[0, 0.5, 30.5], [0, 0, 0]]
    # Of a cut history the first check-in has nothing before it.
    assert known.hours_since_previous(histories_of(ROWS, [3, 1], 2)).tolist() == [[0, 30], [0, 0]]


def test_hours_of_the_week():
    times = ["2012-04-02 00:00", "2012-04-03 18:59", "2012-04-08 23:30", "1970-01-01 00:00"]
    seconds = [int(pd.Timestamp(time, tz="UTC").timestamp()) for time in times]
    rows = [(0, 0, second, "train") for second in seconds]
    found = check_ins([0.0], rows).hours_of_the_week(histories_of(rows, [4], 4))
    assert found.tolist() == [[0, 24 + 18, 167, 72]]  # Monday, Tuesday, Sunday, Thursday


def test_seconds_are_not_lost_in_large_times():
    rows = [(0, 0, 1_333_476_000, "train"), (0, 0, 1_333_476_007, "train")]
    found = check_ins([0.0], rows).hours_since_previous(histories_of(rows, [2], 2))
    assert found[0, 1] == pytest.approx(7 / 3600)


def test_distances_in_space_are_those_on_the_surface():
    generator = np.random.default_rng(0)
    latitude, longitude = generator.uniform(-90, 90, 40), generator.uniform(-180, 180, 40)
    latitude[:10], longitude[:10] = 40.7 + latitude[:10] / 1e4, -74 + longitude[:10] / 1e4  # of one quarter
    known = CheckIns(*np.zeros((3, 1), dtype=np.int64), np.ones(1, dtype=bool), latitude, longitude)
    positions = torch.from_numpy(known.positions_km)
    expected = haversine_km(latitude[:, None], longitude[:, None], latitude, longitude)
    np.testing.assert_allclose(distances_km(positions, positions), expected, rtol=1e-4, atol=2e-3)


@pytest.mark.parametrize("count", [1, 5, 39, 100])
def test_nearest_are_others_in_order(count):
    generator = np.random.default_rng(1)
    latitude, longitude = generator.uniform(40, 41, 40), generator.uniform(-74, -73, 40)
    latitude[:7], longitude[:7] = 40.5, -73.5  # seven items at one place
    known = CheckIns(*np.zeros((3, 1), dtype=np.int64), np.ones(1, dtype=bool), latitude, longitude)
    found = known.nearest(count)
    apart = haversine_km(latitude[:, None], longitude[:, None], latitude, longitude)
    expected = np.sort(np.where(np.eye(40, dtype=bool), np.inf, apart), axis=1)[:, : min(count, 39)]
    np.testing.assert_allclose(np.take_along_axis(apart, found, axis=1), expected, atol=1e-6)
    assert not (found == np.arange(40)[:, None]).any()
    assert all(len(set(row)) == len(row) for row in found.tolist())


def test_the_largest_intervals_are_those_of_train():
    km, hours = check_ins(LATITUDE, ROWS).largest_intervals(3)
    assert km == pytest.approx(3 * DEGREE)
    assert hours == pytest.approx(30.5)
    # Of two check-ins in a row the longest time is shorter; the distance is that between any two.
    assert check_ins(LATITUDE, ROWS).largest_intervals(2) == (pytest.approx(3 * DEGREE), pytest.approx(30))


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ({"item": [0, 1]}, "no column latitude, longitude"),
        ({"item": [0], "latitude": [1.0], "longitude": [1.0]}, "1 items; expected the 2"),
        ({"item": [0, 1], "latitude": [1.0, None], "longitude": [1.0, 2.0]}, "row 1: found no latitude and longitude"),
    ],
)
def test_items_without_coordinates_are_refused(tmp_path, items, message):
    pd.DataFrame(items).to_parquet(tmp_path / "items.parquet")
    interactions = pd.DataFrame({"user": [0, 0], "item": [0, 1], "timestamp": [0, 1], "split": ["train"] * 2})
    task = RecommenderTask(None, interactions, pd.DataFrame(), 0, items=tmp_path / "items.parquet")
    with pytest.raises(DataError, match=message):
        CheckIns.from_task(task)
    with pytest.raises(DataError, match="no table"):
        CheckIns.from_task(RecommenderTask(None, interactions, pd.DataFrame(), 0))
