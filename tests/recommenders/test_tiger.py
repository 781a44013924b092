import numpy as np
import pandas as pd
import pytest
import torch

from semtok.errors import ConfigError
from semtok.recommenders.tiger import train
from semtok.recommenders.tiger_decoding import decode


@pytest.fixture
def run(world, codes, tmp_path):
    def run(options, interactions=world[0], targets=world[1], seed=0, codes=codes, name="run"):
        return train(options, codes, interactions, targets, seed, tmp_path / f"{name}.pt", name)

    return run


def without_validation(targets):
    return targets[targets["split"] == "test"]


def test_held_out_items_do_not_reach_the_weights(run, make_options, world):
    interactions, targets = world
    changed = interactions.copy()
    held_out = changed["split"].isin(["valid", "test"])
    changed.loc[held_out, "item"] = (changed.loc[held_out, "item"] + 13) % 40
    other_targets = targets.assign(item=(targets["item"] + 13) % 40)
    options = make_options(epochs=3)
    weights, history = run(options, targets=without_validation(targets), name="a")
    other_weights, other_history = run(options, changed, without_validation(other_targets), name="b")
    assert all(torch.equal(weight, other_weights[name]) for name, weight in weights.items())
    pd.testing.assert_frame_equal(history, other_history, check_exact=True)
    _, validated = run(options, changed, other_targets, name="c")
    assert validated["loss"].tolist() == history["loss"].tolist()
    _, moved = run(options, interactions.assign(item=changed["item"].to_numpy()[::-1]), targets, name="d")
    assert moved["loss"].tolist() != history["loss"].tolist()


def test_test_targets_do_not_choose_the_checkpoint(run, make_options, world):
    _, targets = world
    other = targets.copy()
    other.loc[other["split"] == "test", "item"] = 0
    options = make_options(epochs=3)
    (weights, _), (other_weights, _) = run(options, name="a"), run(options, targets=other, name="b")
    assert all(torch.equal(weight, other_weights[name]) for name, weight in weights.items())


def test_training_does_not_read_the_decoding_options(run, make_options):
    first, second = make_options(), make_options(beam_size=3, constraint="position", renormalize=True)
    (weights, _), (other, _) = run(first, name="a"), run(second, name="b")
    assert all(torch.equal(weight, other[name]) for name, weight in weights.items())


@pytest.mark.parametrize("collisions", ["suffix", "expand"])
def test_a_simple_world_is_learned(run, make_options, collisions):
    """Every user goes round 24 items, so that the next item is a function of the last one."""
    rows = [(user, (user + step) % 24, step, "train") for user in range(72) for step in range(4 + user % 5)]
    interactions = pd.DataFrame(rows, columns=["user", "item", "timestamp", "split"])
    last = interactions.groupby("user").tail(1).index
    interactions.loc[last, "split"] = "test"
    interactions.loc[last - 1, "split"] = "valid"
    held_out = interactions[interactions["split"] != "train"].reset_index(names="row")
    targets = held_out.assign(target=np.arange(len(held_out)), position=held_out["timestamp"])
    codes = np.stack(np.divmod(np.arange(24), 6), axis=1).astype(np.int32)
    options = make_options(collisions, epochs=30, validation_every=30, validation_users=None)
    weights, history = run(options, interactions, targets, codes=codes)
    assert history["recall@10"].dropna().index.tolist() == [29]
    table, _ = decode(options, weights, codes, interactions, targets, seed=0)
    assert len(table) == 72
    assert (table["rank"] == 1).fillna(False).mean() > 0.8


def test_bfloat16_learns_and_ranks_nearly_the_same(run, make_options, world, codes, monkeypatch):
    options = make_options(epochs=4, beam_size=40)
    weights, history = run(options, name="float32")
    table, _ = decode(options, weights, codes, *world, seed=0)
    monkeypatch.setenv("SEMTOK_DTYPE", "bfloat16")
    other_weights, other_history = run(options, name="bfloat16")
    assert {weight.dtype for weight in other_weights.values()} == {torch.float32}
    assert not all(torch.equal(weight, other_weights[name]) for name, weight in weights.items())
    assert other_history["loss"].tolist() == pytest.approx(history["loss"].tolist(), rel=0.02)
    other_table, _ = decode(options, weights, codes, *world, seed=0)
    shifts = np.stack(other_table["rank"]) - np.stack(table["rank"])
    assert np.abs(shifts).mean() < 2


def test_too_narrow_a_validation_beam_is_refused(run, make_options):
    with pytest.raises(ConfigError, match="validation_beam_size: 5; expected at least 10"):
        run(make_options(validation_beam_size=5))


def test_samples_per_epoch_shortens_epochs(run, make_options):
    _, history = run(make_options(samples_per_epoch=20, epochs=3))
    assert history["steps"].tolist() == [2, 4, 6]
