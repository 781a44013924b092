import numpy as np
import pandas as pd
import pytest
import torch

from semtok.recommenders.grouping import Capacity
from semtok.recommenders.sasrec import SASRecNetwork
from semtok.recommenders.sequences import Sequences
from semtok.recommenders.windows import Windows
from support.sasrec import make_options


def make_windows(interactions, max_items, model=None):
    n_items = Sequences.from_interactions(interactions).n_items
    model = model or SASRecNetwork(make_options(max_items).model, n_items, max_items)
    return Windows.from_interactions(model, interactions, max_items)


def inputs_and_targets(windows, rows=slice(None)):
    batch = windows.batch(windows.ends.take(rows))
    return batch.histories.items, batch.following, batch.is_learned


def table(*users):
    """Interactions from a text a user: a letter an interaction (t, v, T, c); items count up from 0."""
    splits = {"t": "train", "v": "valid", "T": "test", "c": "context"}
    rows = [(user, splits[letter]) for user, letters in enumerate(users) for letter in letters]
    frame = pd.DataFrame(rows, columns=["user", "split"])
    return frame.assign(item=np.arange(len(frame)))


def test_windows_by_hand():
    windows = make_windows(table("tttttttvT", "ttT", "ccc", "t"), max_items=4)
    items, following, is_learned = inputs_and_targets(windows)
    assert items[is_learned].tolist() == [0, 1, 2, 3, 4, 5, 9]
    assert following[is_learned].tolist() == [1, 2, 3, 4, 5, 6, 10]
    found = [[row[real].tolist(), row.tolist()] for row, real in zip(items, is_learned, strict=True)]
    # The first user's six predictions: the last four in one window, the first two in another.
    assert sorted(learned for learned, _ in found) == [[0, 1], [2, 3, 4, 5], [9]]
    assert windows.predictions(np.arange(3)) == 7


@pytest.mark.parametrize("max_items", [1, 2, 3, 5, 50])
def test_every_train_record_with_a_past_is_predicted_once_from_what_came_before(world, max_items):
    """And nothing that is held out is read, neither as an input of a window nor as a target."""
    interactions = world[0].assign(item=np.arange(len(world[0])))
    windows = make_windows(interactions, max_items)
    items, following, is_learned = inputs_and_targets(windows)
    train = interactions[interactions["split"] == "train"]
    expected = train.index[train["user"].duplicated()]
    assert sorted(following[is_learned]) == expected.tolist()
    assert (following[is_learned] == items[is_learned] + 1).all()
    assert set(items[is_learned]) <= set(train.index)
    assert [windows.predictions(np.array([row])) for row in range(len(windows))] == is_learned.sum(axis=1).tolist()


def test_records_between_train_ones_are_history_only():
    interactions = table("tctt")
    windows = make_windows(interactions, max_items=3)
    items, following, is_learned = inputs_and_targets(windows)
    assert items.tolist() == [[0, 1, 2]]
    assert following[is_learned].tolist() == [2, 3]


@pytest.mark.parametrize("max_items", [1, 2, 3, 4, 9])
@pytest.mark.parametrize("letters", ["tttctt", "ttccctccttct", "tcccccct", "ctctctctvT"])
def test_records_between_train_ones_do_not_shift_a_window(letters, max_items):
    """Each train record with a predecessor is predicted once, and `predictions` counts it once."""
    windows = make_windows(table(letters), max_items)
    items, following, is_learned = inputs_and_targets(windows)
    expected = [place for place, letter in enumerate(letters) if letter == "t" and place]
    assert sorted(following[is_learned].tolist()) == expected
    assert (items[is_learned] == following[is_learned] - 1).all()
    assert [windows.predictions(np.array([row])) for row in range(len(windows))] == is_learned.sum(axis=1).tolist()


@pytest.mark.parametrize("capacity", [Capacity(1, 1), Capacity(20, 3), Capacity(10**6, 10**6)])
def test_a_step_does_not_depend_on_how_its_windows_are_grouped(world, capacity):
    windows = make_windows(world[0], max_items=4)
    model, rows = windows.model.eval(), np.arange(0, len(windows), 2)
    items, following, is_learned = map(torch.from_numpy, inputs_and_targets(windows, rows))
    losses = torch.nn.functional.cross_entropy(model.scores_after(model(items)[is_learned]), following[is_learned])
    gradients = torch.autograd.grad(losses, list(model.parameters()))
    model.zero_grad()
    grouped = Windows(**{**vars(windows), "capacity": capacity})
    total = grouped.backward(rows, grouped.predictions(rows))
    assert float(total) / windows.predictions(rows) == pytest.approx(losses.item(), rel=1e-5)
    for parameter, gradient in zip(model.parameters(), gradients, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, atol=1e-6, rtol=1e-4)
