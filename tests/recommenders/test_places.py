"""What holds for every recommender for check-ins."""

from importlib import import_module

import numpy as np
import pandas as pd
import pytest
import torch

from semtok.recommenders.full_ranking import rank_catalogue
from semtok.recommenders.sequences import Samples, target_samples
from semtok.recommenders.training import Trainer
from semtok.recommenders.windows import Windows
from support.check_ins import MODELS, N_ITEMS, city, make_options, task_in

VARIANTS = [
    *((method, {}) for method in MODELS),
    *[("stgn", {"coupled": True}), ("geosan", {"attention_decoder": False}), ("stan", {"now": "last"})],
]


def build(task):
    torch.manual_seed(3)
    model = import_module(task.options.module).build(task)
    with torch.no_grad():  # away from zeros, so that a lost one shows
        for parameter in model.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    return model.eval()


def scores_of(model, task, samples):
    with torch.no_grad():
        return model.scores(task.sequences.histories(samples, task.options.max_items))


def valid_of(task):
    return target_samples(task.targets, "valid", task.sequences)


@pytest.fixture(params=VARIANTS, ids=lambda variant: "-".join(map(str, (variant[0], *variant[1].values()))))
def variant(request):
    return request.param


@pytest.fixture
def task(variant, tmp_path):
    method, model = variant
    return task_in(tmp_path, make_options(method, model={"dropout": 0.0, **model}))


def test_padding_changes_no_score(task):
    model, samples = build(task), valid_of(task)
    together = scores_of(model, task, samples)
    assert together.shape == (20, N_ITEMS)
    assert len(set(task.sequences.lengths(samples, 5))) > 1
    alone = torch.cat([scores_of(model, task, samples.take(np.array([row]))) for row in range(len(samples))])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-4)


def test_nothing_from_the_target_on_changes_a_score(task, variant, tmp_path):
    samples = valid_of(task)
    expected = scores_of(build(task), task, samples)
    behind = task.interactions["split"] != "train"
    changed = task.interactions.copy()
    changed.loc[behind, "item"] = (changed.loc[behind, "item"] + 7) % N_ITEMS
    # The time at which the target is asked for is all that may be told of it, and only to a method that says so.
    asks_for_time = variant == ("stan", {})
    later = behind & ~(asks_for_time & (changed["split"] == "valid"))
    changed.loc[later, "timestamp"] += 12_345
    other = task_in(tmp_path, task.options, interactions=changed)
    assert torch.equal(scores_of(build(other), other, samples), expected)
    changed.loc[behind & (changed["split"] == "valid"), "timestamp"] += 54_321
    other = task_in(tmp_path, task.options, interactions=changed)
    assert torch.equal(scores_of(build(other), other, samples), expected) == (not asks_for_time)


def test_when_and_where_count(task, tmp_path, variant):
    """Intervals for STGN and STAN, places for GeoSAN and STAN."""
    model, samples = build(task), valid_of(task)
    expected = scores_of(model, task, samples)
    moved = pd.read_parquet(task.items)
    moved["latitude"] = moved["latitude"].to_numpy()[::-1]
    moved.to_parquet(tmp_path / "moved.parquet")
    other = build(task_in(tmp_path, task.options, items=tmp_path / "moved.parquet"))
    assert not torch.allclose(scores_of(other, task, samples), expected)
    train = task.interactions["split"] == "train"
    slower = task.interactions.assign(timestamp=lambda rows: rows["timestamp"].where(~train, 1_333_476_000))
    other = build(task_in(tmp_path, task.options, interactions=slower))
    assert torch.allclose(scores_of(other, task, samples), expected) == (variant[0] == "geosan")


def test_a_window_is_learned_as_its_prefixes_are(task):
    """The summed loss of a window is that of its targets one by one, each with the history before it alone."""
    model = build(task)
    windows = Windows.from_interactions(model, task.interactions, task.options.max_items)
    rows = np.array([0, 5, 9])
    batch = windows.batch(windows.ends.take(rows))

    def no_draw(high, size, **options):
        return torch.arange(size[-1]).expand(size) % high

    with pytest.MonkeyPatch.context() as patch, torch.no_grad():
        patch.setattr(torch, "randint", no_draw)
        whole = float(model.loss(batch))
        total = 0.0
        for row, step in zip(*batch.is_learned.nonzero(), strict=True):
            end = batch.histories.records[row, step] + 1
            user = task.interactions["user"].to_numpy()[end]
            position = end - task.sequences.starts[user]
            before = Samples(*(np.array([value]) for value in (user, position, batch.following[row, step])))
            one = windows.batch(before)
            histories = task.sequences.histories(before, int(step) + 1)
            one = type(one)(histories, one.following[:, -(step + 1) :], np.arange(step + 1)[None] == step)
            total += float(model.loss(one))
    assert batch.is_learned.sum() > 8
    assert whole == pytest.approx(total, rel=1e-5)


def test_the_loss_scores_as_ranking_does(task):
    """What the loss says of the last step of a window follows from the scores of the whole catalogue."""
    model = build(task)
    windows = Windows.from_interactions(model, task.interactions, task.options.max_items)
    ends = windows.ends.take(np.array([2]))
    batch = windows.batch(ends)
    only_last = np.zeros_like(batch.is_learned)
    only_last[:, -1] = True
    batch = type(batch)(batch.histories, batch.following, only_last)
    scores = scores_of(model, task, ends)[0]
    target = int(ends.item[0])
    torch.manual_seed(0)
    with torch.no_grad():
        loss = float(model.loss(batch))
    torch.manual_seed(0)
    size = batch.following.shape
    if task.options.method == "stgn":
        expected = scores.logsumexp(0) - scores[target]
    elif task.options.method == "stan":
        drawn = torch.randint(N_ITEMS - 1, (*size, 4))[0, -1]
        negatives = scores[drawn + (drawn >= target)]
        expected = torch.cat([scores[target : target + 1], negatives]).logsumexp(0) - scores[target]
    else:
        negatives = scores[model.get_buffer("nearest")[target].long()[torch.randint(8, (*size, 3))[0, -1]]]
        hard = negatives.exp() / negatives.exp().sum()
        expected = -scores[target].sigmoid().log() - (hard * (1 - negatives.sigmoid()).log()).sum()
    assert loss == pytest.approx(float(expected), rel=1e-4)


def test_half_precision_is_enough(task):
    model = build(task)
    windows = Windows.from_interactions(model, task.interactions, task.options.max_items)
    batch = windows.batch(windows.ends)
    with torch.no_grad():
        torch.manual_seed(0)
        exact, scores = model.loss(batch), scores_of(model, task, valid_of(task))
        with torch.autocast("cpu", torch.bfloat16):
            torch.manual_seed(0)
            assert float(model.loss(batch)) == pytest.approx(float(exact), rel=0.02)
            torch.testing.assert_close(
                scores_of(model, task, valid_of(task)).float(), scores, atol=0.05 * float(scores.std()), rtol=0.05
            )


class Killed(BaseException):
    pass


def test_a_killed_run_ends_in_the_same_weights(variant, tmp_path, monkeypatch):
    method, model = variant
    task = task_in(tmp_path, make_options(method, model=model))
    train = import_module(task.options.module).train
    weights, history = train(task, tmp_path / "whole.pt", "whole")
    assert history["steps"].iloc[0] > 2
    assert history["loss"].nunique() == 2
    monkeypatch.setenv("SEMTOK_CHECKPOINT_SECONDS", "0")
    backward = Trainer.backward
    alive = iter(range(int(history["steps"].iloc[0]) + 1))

    def step(*arguments):
        if next(alive, None) is None:
            raise Killed
        return backward(*arguments)

    monkeypatch.setattr(Trainer, "backward", step)
    with pytest.raises(Killed):
        train(task, tmp_path / "killed.pt", "killed")
    monkeypatch.setattr(Trainer, "backward", backward)
    resumed, resumed_history = train(task, tmp_path / "killed.pt", "killed")
    assert weights.keys() == resumed.keys()
    assert all(torch.equal(weight, resumed[name]) for name, weight in weights.items())
    pd.testing.assert_frame_equal(history, resumed_history, check_exact=True)


def test_ranks_are_those_of_the_validation(task, tmp_path):
    """A new model with the weights ranks as the trained one did, whatever is computed from train at its start."""
    module = import_module(task.options.module)
    weights, history = module.train(task, tmp_path / "run.pt", "run")
    as_test = task.targets[task.targets["split"] == "valid"].assign(split="test")
    again = task_in(tmp_path, task.options, targets=as_test)
    ranks, facts = module.decode(again, weights)
    ndcg = ((ranks["rank"] <= 10) / np.log2(ranks["rank"].astype(float) + 1)).mean()
    assert ndcg == pytest.approx(history["ndcg@10"].max())
    assert facts["scored_items"] == N_ITEMS
    assert weights["item.weight"].shape[0] == N_ITEMS


def test_held_out_records_do_not_reach_the_weights(variant, tmp_path):
    method, model = variant
    options = make_options(method, model=model, epochs=1)
    interactions, targets, _ = city(tmp_path)
    tests = targets[targets["split"] == "test"]
    train = import_module(options.module).train
    weights, _ = train(task_in(tmp_path, options, targets=tests), tmp_path / "a.pt", "a")
    held_out = interactions["split"] != "train"
    changed = interactions.copy()
    changed.loc[held_out, "item"] = (changed.loc[held_out, "item"] + 13) % N_ITEMS
    changed.loc[held_out, "timestamp"] += 10**8
    other, _ = train(task_in(tmp_path, options, interactions=changed, targets=tests), tmp_path / "b.pt", "b")
    assert all(torch.equal(weight, other[name]) for name, weight in weights.items())


@pytest.mark.parametrize("method", ["stan", "geosan"])
def test_a_catalogue_is_scored_in_blocks(method, tmp_path, monkeypatch):
    task = task_in(tmp_path, make_options(method, model={"dropout": 0.0}))
    model, samples = build(task), valid_of(task)
    expected = rank_catalogue(model, task.sequences, samples, 5, 7, N_ITEMS)
    monkeypatch.setattr(import_module(task.options.module), "MOST_PAIRS", 2 * 5 * N_ITEMS)
    blocks = rank_catalogue(model, task.sequences, samples, 5, 7, N_ITEMS)
    assert np.array_equal(blocks.rank, expected.rank)
