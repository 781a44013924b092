"""What must hold of every method over plain item ids: of those of the config, whatever else is tested of each."""

from importlib import import_module

import numpy as np
import pandas as pd
import pytest
import torch

from semtok.config.recommenders import methods
from semtok.recommenders.sequences import Sequences, target_samples
from semtok.recommenders.task import RecommenderTask
from semtok.recommenders.training import Trainer
from support.sasrec import planted
from support.trainings import recommender

SIZES = {
    "sasrec": {"hidden_dim": 16, "inner_dim": 32, "dropout": 0.1, "attention_dropout": 0.1},
    "bert4rec": {"hidden_dim": 16, "inner_dim": 32, "dropout": 0.1, "attention_dropout": 0.1},
    "gru4rec": {"embedding_dim": 16, "hidden_dim": 24, "dropout": 0.1},
}
LEARNING = {"epochs": 30, "learning_rate": 0.01}
"""Of the planted world."""
SLOWER = {"bert4rec": {"epochs": 140, "learning_rate": 0.003, "last_item_ratio": 0.8}}
"""Where a sample asks for few of its items."""


@pytest.fixture(params=SIZES)
def method(request):
    return request.param


def make_options(method, max_items=5, **training):
    loop = {"batch_size": 8, "epochs": 3, "validation_every": 1, "learning_rate": 0.01} | training
    entry = recommender(method, SIZES[method], decoded=True, **loop)
    return methods()[method].model_validate(entry | {"max_items": max_items, "decoding": {"batch_size": 7, "top": 10}})


def module_of(method):
    return import_module(methods()[method].module)


@pytest.fixture
def run(world, tmp_path, method):
    def run(interactions=world[0], targets=world[1], name="run", **training):
        task = RecommenderTask(make_options(method, **training), interactions, targets, 0)
        return module_of(method).train(task, tmp_path / f"{name}.pt", name)

    return run


class Killed(BaseException):
    pass


def test_a_killed_run_ends_in_the_same_weights(run, monkeypatch):
    weights, history = run(name="whole")
    steps = history["steps"].iloc[0]
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
            run(name="killed")
    monkeypatch.setattr(Trainer, "backward", backward)
    resumed, resumed_history = run(name="killed")
    assert weights.keys() == resumed.keys()
    assert all(torch.equal(weight, resumed[name]) for name, weight in weights.items())
    pd.testing.assert_frame_equal(history, resumed_history, check_exact=True)


def test_a_world_of_successors_is_learned(run, method):
    interactions, targets = planted()
    learning = SLOWER.get(method, LEARNING)
    weights, history = run(interactions, targets, **learning, validation_every=learning["epochs"])
    ranks, _ = module_of(method).decode(RecommenderTask(make_options(method), interactions, targets, seed=0), weights)
    assert (ranks["rank"] <= 2).mean() > 0.9
    assert history["ndcg@10"].iloc[-1] > 0.8


def test_held_out_items_do_not_reach_the_weights(run, world):
    interactions, targets = world
    test_only = targets[targets["split"] == "test"]
    changed = interactions.copy()
    held_out = changed["split"].isin(["valid", "test"])
    changed.loc[held_out, "item"] = (changed.loc[held_out, "item"] + 13) % 40
    weights, history = run(targets=test_only, name="a")
    other_weights, other_history = run(changed, test_only.assign(item=0), name="b")
    assert all(torch.equal(weight, other_weights[name]) for name, weight in weights.items())
    pd.testing.assert_frame_equal(history, other_history, check_exact=True)


def test_neither_padding_nor_what_comes_later_reaches_the_scores(world, method):
    """Histories of all lengths together score as each alone, in a world that ends with it."""
    interactions, targets = world
    task = RecommenderTask(make_options(method), interactions, targets, 0)
    model = module_of(method).build(task).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.3 * torch.randn_like(parameter)
    sequences = task.sequences
    samples = target_samples(targets, "test", sequences)
    histories = sequences.histories(samples, 5)
    assert len(set(histories.lengths)) > 2
    with torch.no_grad():
        together = model.scores(histories)
        for row, scores in enumerate(together):
            start, position = sequences.starts[samples.user[row]], samples.position[row]
            alone = Sequences(sequences.items[start : start + position], np.array([0, position]))
            own = samples.take(np.array([row]))
            own.user[:] = 0
            found = model.scores(alone.histories(own, 5))[0]
            torch.testing.assert_close(scores, found, atol=1e-5, rtol=1e-4)
    assert len(torch.unique(together, dim=0)) > 20  # the others have their last items in common
