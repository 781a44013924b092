import math
import time

import numpy as np
import pandas as pd
import pytest
import torch

from semtok.recommenders import training
from semtok.recommenders.grouping import Capacity
from semtok.recommenders.sasrec import Windows, train
from semtok.recommenders.sasrec_decoding import decode
from semtok.recommenders.sasrec_model import SASRecNetwork
from semtok.recommenders.sasrec_ranking import rank_catalogue
from semtok.recommenders.sequences import Sequences, target_samples
from semtok.recommenders.training import Trainer
from support.sasrec import N_ITEMS, make_options


@pytest.fixture
def run(world, tmp_path):
    def run(options, interactions=world[0], targets=world[1], seed=0, name="run"):
        return train(options, None, interactions, targets, seed, tmp_path / f"{name}.pt", name)

    return run


def make_windows(interactions, max_items, model=None):
    n_items = Sequences.from_interactions(interactions).n_items
    model = model or SASRecNetwork(make_options(max_items).model, n_items, max_items)
    return Windows.from_interactions(model, interactions, max_items)


def table(*users):
    """Interactions from a text a user: a letter an interaction (t, v, T, c); items count up from 0."""
    splits = {"t": "train", "v": "valid", "T": "test", "c": "context"}
    rows = [(user, splits[letter]) for user, letters in enumerate(users) for letter in letters]
    frame = pd.DataFrame(rows, columns=["user", "split"])
    return frame.assign(item=np.arange(len(frame)))


def test_windows_by_hand():
    windows = make_windows(table("tttttttvT", "ttT", "ccc", "t"), max_items=4)
    items, following, is_learned = windows.inputs_and_targets(windows.ends)
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
    items, following, is_learned = windows.inputs_and_targets(windows.ends)
    train = interactions[interactions["split"] == "train"]
    expected = train.index[train["user"].duplicated()]
    assert sorted(following[is_learned]) == expected.tolist()
    assert (following[is_learned] == items[is_learned] + 1).all()
    assert set(items[is_learned]) <= set(train.index)
    assert [windows.predictions(np.array([row])) for row in range(len(windows))] == is_learned.sum(axis=1).tolist()


def test_records_between_train_ones_are_history_only():
    interactions = table("tctt")
    windows = make_windows(interactions, max_items=3)
    items, following, is_learned = windows.inputs_and_targets(windows.ends)
    assert items.tolist() == [[0, 1, 2]]
    assert following[is_learned].tolist() == [2, 3]


def test_loss_by_hand():
    """Three items, one user: the mean of -log softmax(h_t . e)[next] over both steps."""
    interactions = pd.DataFrame({"user": [0, 0, 0], "item": [1, 0, 2], "split": ["train"] * 3})
    windows = make_windows(interactions, max_items=4)
    model = windows.model.eval()
    states = model(torch.tensor([[1, 0]]))[0].detach().numpy().astype(np.float64)
    vectors = model.item.weight.detach().numpy().astype(np.float64)
    scores = np.exp(states @ vectors.T)
    expected = -np.log(scores[0, 0] / scores[0].sum()) - np.log(scores[1, 2] / scores[1].sum())
    assert float(windows.backward(np.array([0]), 2)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("capacity", [Capacity(1, 1), Capacity(20, 3), Capacity(10**6, 10**6)])
def test_a_step_does_not_depend_on_how_its_windows_are_grouped(world, capacity):
    windows = make_windows(world[0], max_items=4)
    model, rows = windows.model.eval(), np.arange(0, len(windows), 2)
    items, following, is_learned = map(torch.from_numpy, windows.inputs_and_targets(windows.ends.take(rows)))
    losses = torch.nn.functional.cross_entropy(model.scores(model(items)[is_learned]), following[is_learned])
    gradients = torch.autograd.grad(losses, list(model.parameters()))
    model.zero_grad()
    grouped = Windows(**{**vars(windows), "capacity": capacity})
    total = grouped.backward(rows, grouped.predictions(rows))
    assert float(total) / windows.predictions(rows) == pytest.approx(losses.item(), rel=1e-5)
    for parameter, gradient in zip(model.parameters(), gradients, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, atol=1e-6, rtol=1e-4)


class Killed(BaseException):
    pass


def test_a_killed_run_ends_in_the_same_weights(run, world, monkeypatch):
    options = make_options()
    weights, history = run(options, name="whole")
    steps = math.ceil(len(make_windows(world[0], 5)) / 8)
    assert steps > 3
    monkeypatch.setenv("SEMTOK_CHECKPOINT_SECONDS", "0")
    backward = Trainer.backward
    for lives in (steps + 2, 2):
        alive = iter(range(lives))

        def step(*arguments, alive=alive):
            if next(alive, None) is None:
                raise Killed
            return backward(*arguments)

        monkeypatch.setattr(Trainer, "backward", step)
        with pytest.raises(Killed):
            run(options, name="killed")
    monkeypatch.setattr(Trainer, "backward", backward)
    resumed, resumed_history = run(options, name="killed")
    assert weights.keys() == resumed.keys()
    assert all(torch.equal(weight, resumed[name]) for name, weight in weights.items())
    pd.testing.assert_frame_equal(history, resumed_history, check_exact=True)


def planted(n_users=72, n_items=24):
    """Every user goes round the items, so that the next item is a function of the last one."""
    rows = [(user, (user + step) % n_items, step, "train") for user in range(n_users) for step in range(5 + user % 5)]
    interactions = pd.DataFrame(rows, columns=["user", "item", "timestamp", "split"])
    last = interactions.groupby("user").tail(1).index
    interactions.loc[last, "split"] = "test"
    interactions.loc[last - 1, "split"] = "valid"
    held_out = interactions[interactions["split"] != "train"]
    targets = held_out.assign(target=np.arange(len(held_out)), position=held_out["timestamp"])
    return interactions, targets.reset_index(drop=True)


@pytest.mark.parametrize("norm_first", [False, True])
def test_a_world_of_successors_is_learned_in_seconds(run, norm_first):
    interactions, targets = planted()
    options = make_options(model={"norm_first": norm_first}, epochs=30, validation_every=10)
    started = time.process_time()
    weights, history = run(options, interactions, targets)
    ranks, _ = decode(options, weights, None, interactions, targets, 0)
    assert time.process_time() - started < 20
    assert (ranks["rank"] == 1).mean() > 0.95
    assert history["ndcg@10"].dropna().index.tolist() == [9, 19, 29]
    assert history["ndcg@10"].iloc[-1] > 0.95


def test_held_out_items_do_not_reach_the_weights(run, world):
    interactions, targets = world
    test_only = targets[targets["split"] == "test"]
    changed = interactions.copy()
    held_out = changed["split"].isin(["valid", "test"])
    changed.loc[held_out, "item"] = (changed.loc[held_out, "item"] + 13) % N_ITEMS
    weights, history = run(make_options(), targets=test_only, name="a")
    other_weights, other_history = run(make_options(), changed, test_only.assign(item=0), name="b")
    assert all(torch.equal(weight, other_weights[name]) for name, weight in weights.items())
    pd.testing.assert_frame_equal(history, other_history, check_exact=True)
    _, moved = run(make_options(), interactions.assign(item=changed["item"].to_numpy()[::-1]), test_only, name="c")
    assert moved["loss"].tolist() != history["loss"].tolist()


def test_test_targets_do_not_choose_the_checkpoint(run, world):
    _, targets = world
    other = targets.copy()
    other.loc[other["split"] == "test", "item"] = 0
    (weights, _), (other_weights, _) = run(make_options(), name="a"), run(make_options(), targets=other, name="b")
    assert all(torch.equal(weight, other_weights[name]) for name, weight in weights.items())


def test_the_best_checkpoint_is_the_one_of_the_best_ndcg(run, world):
    options = make_options(epochs=6, learning_rate=0.05)
    weights, history = run(options)
    sequences = Sequences.from_interactions(world[0])
    model = SASRecNetwork(options.model, N_ITEMS, 5)
    model.load_state_dict(weights)
    sample = target_samples(world[1], "valid", sequences)
    ranked = rank_catalogue(model, sequences, sample, 5, 7, 10)
    _, ndcg = training.recall_and_ndcg(ranked.rank, 10)
    assert ndcg == history["ndcg@10"].max()
    assert len(set(history["ndcg@10"])) > 1
