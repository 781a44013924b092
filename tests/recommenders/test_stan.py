import numpy as np
import pandas as pd
import pytest
import torch

from semtok.encoders.geography import EARTH_RADIUS_KM
from semtok.recommenders.sequences import Samples
from semtok.recommenders.stan import Intervals, build
from support.check_ins import make_options, task_in


def test_intervals_are_interpolated_between_the_vectors_of_their_bounds():
    torch.manual_seed(0)
    intervals = Intervals(6, 40.0, 1000.0)
    (space_lower, time_lower), (space_upper, time_upper) = intervals.lower, intervals.upper
    with torch.no_grad():
        for km in (0.0, 20.0, 40.0, 50.0):
            for hours in (0.0, 500.0, 1000.0):
                # As the public code has it: a vector a pair, summed at the end.
                vector = (space_lower * (40 - km) + space_upper * km) / 40
                vector += (time_lower * (1000 - hours) + time_upper * hours) / 1000
                found = intervals(torch.tensor(km), torch.tensor(hours))
                torch.testing.assert_close(found, vector.sum(), atol=1e-5, rtol=1e-5)
        assert float(intervals(torch.tensor(0.0), torch.tensor(0.0))) == pytest.approx(float(intervals.lower.sum()))
        assert float(intervals(torch.tensor(40.0), torch.tensor(1000.0))) == pytest.approx(float(intervals.upper.sum()))


def test_a_world_of_one_place_and_moment_has_intervals():
    bias = Intervals(6, 0.0, 0.0)(torch.zeros(3), torch.zeros(3))
    assert bias.isfinite().all()


@pytest.fixture
def network(tmp_path):
    torch.manual_seed(0)
    return build(task_in(tmp_path, make_options("stan", model={"dropout": 0.0}))).eval()


def haversine(latitude, longitude):
    """Kilometres between all pairs."""
    phi, lam = np.radians(latitude), np.radians(longitude)
    half = np.sin((phi[:, None] - phi) / 2) ** 2
    half += np.cos(phi[:, None]) * np.cos(phi) * np.sin((lam[:, None] - lam) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(half))


def first_layer(weights, check_ins, places):
    """Its logits and values, in numpy, of rows of the interactions: an interval of a pair as a vector, as the public
    code has it."""
    places = places.iloc[check_ins["item"]]
    moments = pd.to_datetime(check_ins["timestamp"], unit="s").dt
    hour = (moments.day_of_week * 24 + moments.hour).to_numpy()
    joint = weights["user.weight"][check_ins["user"]] + weights["item.weight"][check_ins["item"]]
    joint = joint + weights["hour.weight"][hour]
    query, key, value = (joint @ weights[f"{name}.weight"].T for name in ("query", "key", "value"))
    logits = query @ key.T / np.sqrt(joint.shape[1])
    seconds = check_ins["timestamp"].to_numpy()
    hours = np.abs(seconds[:, None] - seconds) / 3600
    for kind, interval in enumerate((haversine(places["latitude"].to_numpy(), places["longitude"].to_numpy()), hours)):
        share = (interval / weights["among.bounds"][kind])[:, :, None]
        vector = weights["among.lower"][kind] * (1 - share) + weights["among.upper"][kind] * share
        logits = logits + vector.sum(axis=2)
    return logits, value


def test_the_first_layer_is_that_of_the_equations(tmp_path):
    """(E Wq) (E Wk)^T / sqrt(d) and the bias of the intervals, where E is user, item and hour of the week."""
    torch.manual_seed(0)
    task = task_in(tmp_path, make_options("stan", model={"dropout": 0.0}))
    network = build(task).eval()
    weights = {name: value.double().numpy() for name, value in network.state_dict().items()}
    places, rows = pd.read_parquet(task.items), task.interactions
    lengths = {3: 5, 7: 2}
    user, position = (np.array(list(part)) for part in (lengths, lengths.values()))
    histories = task.sequences.histories(Samples(user, position, np.zeros(2, dtype=np.int64)), 5)
    with torch.no_grad():
        logits, values = network.relations(histories)
    for row, (user, length) in enumerate(lengths.items()):
        expected = first_layer(weights, rows[rows["user"] == user].iloc[:length], places)
        # float32 tells places half a metre apart.
        np.testing.assert_allclose(logits[row, :length, :length], expected[0], atol=2e-3)
        np.testing.assert_allclose(values[row, :length], expected[1], atol=1e-6)


def test_the_mask_comes_before_the_softmax(network):
    """Shares of what came up to a step add up to one: behind the softmax a mask would leave less."""
    logits, steps = torch.tensor([[[0.0, 1.0, 5.0]] * 3]), torch.tensor([[0, 1, 2]])
    ones = network.attend(logits, torch.ones(1, 3, 2), steps)
    torch.testing.assert_close(ones, torch.ones(1, 3, 3, 2))
    values = torch.tensor([[[1.0], [3.0], [100.0]]])
    attended = network.attend(logits, values, steps)
    two = (1 + 3 * np.e) / (1 + np.e)
    three = (1 + 3 * np.e + 100 * np.e**5) / (1 + np.e + np.e**5)
    torch.testing.assert_close(attended[0, :, 0, 0], torch.tensor([1.0, two, three]))


def test_the_second_layer_by_hand(network):
    with torch.no_grad():
        network.recency.copy_(torch.tensor([1.0, 10.0, 100.0, 0.0, 0.0]))  # of the last, of the one before, ...
        network.among.lower.zero_()
        network.among.upper.zero_()
        network.among.lower[0, 0] = 1.0  # bias 1 at 0 km, 0 at the largest distance
        network.among.get_buffer("bounds").copy_(torch.tensor([10.0, 100.0]))
        attended = torch.tensor([[[[2.0], [3.0], [7.0]]]])  # (1, 1, 3, 1)
        candidates = torch.tensor([[1.0], [-1.0]])
        km = torch.tensor([[[[0.0, 10.0, 0.0], [5.0, 0.0, 0.0]]]])  # (1, 1, 2, 3)
        scores = network.match(attended, km, torch.zeros(1, 1, 3), torch.tensor([[1]]), candidates)
    # The last check-in is the second one, and the third does not count:
    # 10 * 2 * 1 + 1 * 3 * 0, and -(10 * 2 * 0.5 + 1 * 3 * 1).
    assert scores.tolist() == [[[20.0, -13.0]]]


@pytest.mark.parametrize(("now", "expected"), [("last", [[[2.0, 0.0]]]), ("target", [[[5.0, 3.0]]])])
def test_now_is_the_last_check_in_or_the_target(tmp_path, now, expected):
    task = task_in(tmp_path, make_options("stan", model={"now": now}))
    rows = task.interactions.copy()
    rows.loc[:2, "timestamp"] = np.array([0, 2, 5]) * 3600
    task = task_in(tmp_path, task.options, interactions=rows)
    histories = task.sequences.histories(samples_of(position=2), 5)
    assert build(task).hours_to_now(histories, np.array([[1]])).tolist() == expected


def test_a_target_that_is_no_interaction_is_asked_for_after_the_last(tmp_path):
    task = task_in(tmp_path, make_options("stan"))
    length = int((task.interactions["user"] == 0).sum())
    histories = task.sequences.histories(samples_of(position=length), 5)
    hours = build(task).hours_to_now(histories, np.array([[histories.lengths[0] - 1]]))
    assert float(hours[0, 0, -1]) == 0


def samples_of(position):
    return Samples(np.array([0]), np.array([position]), np.array([0]))


def test_bounds_are_saved_with_the_weights(network):
    assert network.state_dict()["among.bounds"].tolist() == pytest.approx(
        list(network.check_ins.largest_intervals(5)), rel=1e-6
    )
    assert "positions" not in network.state_dict()
