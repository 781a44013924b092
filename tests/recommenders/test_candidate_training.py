"""Trainings on clicks: what is learned from, what chooses the epoch, resuming, and errors of data."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import roc_auc_score

from semtok.errors import DataError
from semtok.recommenders import code_scorer, fine_tuned
from semtok.recommenders.candidate_prompts import Prompts, Questions
from semtok.recommenders.candidate_training import CandidateTrainer, Clicks, measures_of, some_users
from support.scorers import code_options, fine_tuned_options, planted, task_in

METHODS = {"fine-tuned": (fine_tuned, fine_tuned_options), "codes": (code_scorer, code_options)}


@pytest.fixture(scope="module")
def world():
    return planted()


def questions(rows):
    """(user, clicked) a candidate; prompts are a token each."""
    table = pd.DataFrame(rows, columns=["user", "clicked"]).assign(item=np.arange(len(rows)))
    return Questions(table[["user", "item", "clicked"]], {}, Prompts([1], ([], [], []), lambda item: [item], 1, 9))


def test_measures_by_hand():
    """User 0 has both orders right but one tie, user 1 everything wrong, user 2 clicked all and counts in no mean."""
    asked = questions([(0, 1), (0, 0), (0, 0), (1, 0), (1, 1), (2, 1)])
    found = measures_of(np.array([2.0, 2.0, 0.0, 1.0, -1.0, 0.0]), asked)
    assert found["gauc"] == pytest.approx((0.75 + 0.0) / 2)
    # Pairs of a clicked (2, -1, 0) and another (2, 0, 1): 0.5 + 1 + 1, 0 + 0 + 0, 0 + 0.5 + 0.
    assert found["auc"] == pytest.approx(3 / 9)
    signs = [(2.0, 1), (2.0, 0), (0.0, 0), (1.0, 0), (-1.0, 1), (0.0, 1)]
    losses = [math.log1p(math.exp(-margin if clicked else margin)) for margin, clicked in signs]
    assert found["valid_loss"] == pytest.approx(sum(losses) / 6)


def test_validation_users_without_both_kinds_are_an_error():
    with pytest.raises(DataError, match="2 validation users: found none with a clicked and another candidate"):
        measures_of(np.zeros(4), questions([(0, 1), (0, 1), (1, 0), (1, 0)]))


def test_some_users_have_all_their_candidates():
    asked = questions([(user, user % 2) for user in np.repeat(np.arange(9), 3)])
    some = some_users(asked, 4)
    assert some.candidates["user"].nunique() == 4
    assert len(some) == 12
    assert some_users(asked, 99).candidates.equals(asked.candidates)
    # Whatever the seed of a training.
    assert some_users(asked, 4).candidates.equals(some.candidates)


@pytest.mark.parametrize("negatives", [1, 2, 9, None])
def test_so_many_candidates_without_a_click_for_each_with_one(negatives):
    """User 0 has two clicks and six others, user 1 one and one, user 2 none, of whom nothing is learned then."""
    kinds = [(0, 1), (0, 1), *[(0, 0)] * 6, (1, 0), (1, 1), *[(2, 0)] * 3]
    asked = questions(kinds)
    samples = Clicks(None, asked, negatives, seed=0)
    drawn = set()
    for epoch in (1, 2, 3, 4):
        samples.start(epoch)
        chosen = asked.candidates.iloc[samples._rows]
        counts = chosen[~chosen["clicked"].astype(bool)].groupby("user").size().to_dict()
        expected = {0: min(2 * (negatives or 9), 6), 1: 1} | ({2: 3} if negatives is None else {})
        assert counts == expected
        assert chosen["clicked"].sum() == 3
        assert len(samples) == 3 + sum(expected.values())
        drawn.add(tuple(samples._rows))
    assert (len(drawn) > 1) == (negatives in (1, 2))
    samples.start(2)
    again = samples._rows
    assert np.array_equal(again, Clicks(None, asked, negatives, seed=0)._rows) or negatives in (1, 2)


class KilledError(Exception):
    pass


@pytest.mark.parametrize("method", list(METHODS))
def test_a_killed_training_ends_in_the_same_weights(method, world, tmp_path, monkeypatch):
    """In the first epoch and in a later one, with dropout and candidates that are drawn."""
    monkeypatch.setenv("SEMTOK_CHECKPOINT_SECONDS", "0")
    module, options = METHODS[method]
    changed = {"hidden_dropout_prob": 0.1} if method == "fine-tuned" else {}
    dropout = {} if method == "fine-tuned" else {"lora_dropout": 0.2, "alignment": True}
    task = task_in(tmp_path, options(epochs=3, negatives=1, warmup=0.1, schedule="cosine", **dropout), world, **changed)
    weights, history = module.train(task, tmp_path / "whole.pt", "one")
    backward = CandidateTrainer.backward
    for after in (3, 9):
        done = 0

        def killed(self, batch, progress, after=after):
            nonlocal done
            done += 1
            if done > after:
                raise KilledError
            return backward(self, batch, progress)

        monkeypatch.setattr(CandidateTrainer, "backward", killed)
        with pytest.raises(KilledError):
            module.train(task, tmp_path / "killed.pt", "one")
    monkeypatch.setattr(CandidateTrainer, "backward", backward)
    torch.manual_seed(99)
    resumed, rest = module.train(task, tmp_path / "killed.pt", "one")
    pd.testing.assert_frame_equal(history, rest, check_exact=True)
    assert weights.keys() == resumed.keys()
    assert all(torch.equal(weight, resumed[name]) for name, weight in weights.items())


@pytest.mark.parametrize("chosen_by", ["auc", "gauc", "loss"])
def test_what_the_options_say_chooses_the_epoch(chosen_by, world, tmp_path, monkeypatch):
    told = iter([{"auc": 0.5, "gauc": 0.9, "valid_loss": 0.6}, {"auc": 0.8, "gauc": 0.7, "valid_loss": 0.7},
                 {"auc": 0.6, "gauc": 0.8, "valid_loss": 0.2}])  # fmt: skip
    seen = []

    def measure(self, progress, losses):
        self.measure = lambda: next(told)
        seen.append({name: weight.clone() for name, weight in self.model.state_dict().items()})
        return row(self, progress, losses)

    row = CandidateTrainer.row
    monkeypatch.setattr(CandidateTrainer, "row", measure)
    task = task_in(tmp_path, code_options(epochs=3, chosen_by=chosen_by), world)
    weights, history = code_scorer.train(task, tmp_path / "one.pt", "one")
    best = seen[{"auc": 1, "gauc": 0, "loss": 2}[chosen_by]]
    assert all(torch.equal(weight, best[name]) for name, weight in weights.items())
    assert history["auc"].tolist() == [0.5, 0.8, 0.6]


def test_without_validation_users_the_last_weights_are_kept(world, tmp_path):
    interactions, candidates, codes = world
    task = task_in(tmp_path, code_options(), (interactions, candidates[candidates["split"] != "valid"], codes))
    _, history = code_scorer.train(task, tmp_path / "one.pt", "one")
    assert history["gauc"].isna().all()
    assert len(history) == 2


@pytest.mark.parametrize("method", list(METHODS))
@pytest.mark.parametrize("split", ["train", "valid"])
@pytest.mark.parametrize("kept", [True, False])
def test_impressions_of_clicks_alone_are_an_error(method, split, kept, world, tmp_path):
    """As in the sample of MIND that mirrors have."""
    module, options = METHODS[method]
    interactions, candidates, codes = world
    one_sided = candidates[(candidates["split"] != split) | (candidates["clicked"] == kept)]
    task = task_in(tmp_path, options(), (interactions, one_sided, codes))
    named = {"train": "train", "valid": "validation"}[split]
    with pytest.raises(
        DataError, match=f"mind-store/candidates.parquet: found .* candidates of the {named} users"
    ) as error:
        module.train(task, tmp_path / "one.pt", "one")
    assert "expected some that are clicked and some that are not" in str(error.value)


def test_no_train_candidates_are_an_error(world, tmp_path):
    interactions, candidates, codes = world
    task = task_in(tmp_path, code_options(), (interactions, candidates[candidates["split"] == "test"], codes))
    with pytest.raises(DataError, match="found 0 clicked among 0 candidates of the train users"):
        code_scorer.train(task, tmp_path / "one.pt", "one")


@pytest.mark.parametrize("method", list(METHODS))
def test_training_beats_a_random_scorer_where_all_like_one_theme(method, tmp_path):
    """And reads no label of the users that it is scored on."""
    world = planted(n_themes=1)
    module, options = METHODS[method]
    given = {"learning_rate": 0.003 if method == "fine-tuned" else 0.02, "epochs": 6, "chosen_by": "auc"}
    task = task_in(tmp_path, options(**given), world)
    weights, history = module.train(task, tmp_path / "one.pt", "one")
    scored = module.score(task, weights)
    assert len(scored) == (world[1]["split"] == "test").sum()
    users = Questions(scored, {}, Prompts([1], ([], [], []), lambda item: [item], 1, 9))
    assert measures_of(np.log(scored["score"] / (1 - scored["score"])).to_numpy(), users)["gauc"] > 0.8
    assert history["loss"].iloc[-1] < history["loss"].iloc[0]
    interactions, candidates, codes = world
    flipped = candidates.assign(clicked=candidates["clicked"] ^ (candidates["split"] == "test"))
    other = task_in(tmp_path / "other", options(**given), (interactions, flipped, codes))
    assert scored["score"].equals(module.score(other, weights)["score"])


@pytest.mark.parametrize("method", ["codes", pytest.param("fine-tuned", marks=pytest.mark.slow)])
def test_what_is_liked_is_read_from_the_history(method, tmp_path):
    """Where half of the users like one theme and half the other, items alone tell nothing; with the histories of the
    others the same weights prefer what is not clicked."""
    interactions, candidates, codes = planted(n_themes=2, n_users=200)
    module, options = METHODS[method]
    given = {"codes": {"learning_rate": 0.01, "epochs": 12, "code_weight": 0.0}, "fine-tuned": {"epochs": 28}}[method]
    given |= {"batch_size": 16, "chosen_by": "auc"}
    exchanged = interactions.assign(user=interactions["user"] ^ 1)
    found = {}
    for name, had in {"own": interactions, "of others": exchanged}.items():
        task = task_in(tmp_path / name, options(**given), (had, candidates, codes))
        if not found:
            weights, _ = module.train(task, tmp_path / "one.pt", "one")
        scored = module.score(task, weights)
        found[name] = roc_auc_score(scored["clicked"], scored["score"])
    assert found["own"] > 0.8
    assert found["of others"] < 0.2
