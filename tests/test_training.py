"""The one training loop, on a model of a few weights."""

import math

import pytest
import torch
from torch import nn

from semtok import training
from semtok.errors import SemtokError
from semtok.run import checkpoints
from semtok.training import Losses, Objective, Plan, generator, seeded_model, train, weights_of


class Killed(BaseException):
    pass


class Line(Objective):
    """A linear map with dropout, 4 batches an epoch; it can be killed before any step, and scores as it is told."""

    name = "Line"
    remedy = "lower learning_rate"
    resumes_within_epochs = True
    checkpointed = ("seen",)

    def __init__(self, dies_at=None, scores=(), seed=0):
        self.model = seeded_model(lambda: nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.5)), seed)
        self.optimizer = torch.optim.Adam(self.model.parameters())
        self.steps_per_epoch = 4
        self.seed, self.dies_at, self.scores = seed, dies_at, scores
        self.seen, self.steps, self.rates, self.starts, self.weights = 0, [], [], 0, {}
        self.nan_at = None

    def start(self):
        self.starts += 1

    def batches(self, epoch):
        yield from torch.randn(4, 5, 3, generator=generator(self.seed, epoch))

    def backward(self, batch, progress):
        if progress.step == self.dies_at:
            raise Killed
        self.steps.append(progress.step)
        self.rates.append(self.optimizer.param_groups[0]["lr"])
        self.seen += 1
        loss = self.model(batch).square().mean()
        loss.backward()
        if progress.step == self.nan_at:
            loss = loss * torch.nan
        return Losses({"loss": loss, "double": 2 * loss}, weight=5, divisor=5)

    def row(self, progress, losses):
        self.weights[progress.epoch] = weights_of(self.model)
        self.model.eval()
        return {"epoch": progress.epoch, "step": progress.step, "rate": progress.learning_rate, **losses}

    def score(self, row):
        return self.scores[row["epoch"] - 1] if self.scores else None

    def end_epoch(self, epoch):
        with torch.no_grad():
            self.model[0].bias[0] = epoch
        return {"seen": self.seen}


class WholeEpochs(Line):
    """What it draws for a step depends on the steps before it in the epoch."""

    resumes_within_epochs = False

    def batches(self, epoch):
        self.random = generator(self.seed, epoch)
        for _ in range(4):
            yield torch.randn(5, 3, generator=self.random)

    def backward(self, batch, progress):
        return super().backward(batch + torch.randn(5, 3, generator=self.random), progress)


def assert_same(first, second):
    assert first.keys() == second.keys()
    assert all(torch.equal(weight, second[name]) for name, weight in first.items())


def trained(objective, plan, *checkpoint):
    torch.manual_seed(1)
    return train(objective, plan, *checkpoint)


@pytest.mark.parametrize("kind", [Line, WholeEpochs])
@pytest.mark.parametrize("steps_per_row", [None, 3])
@pytest.mark.parametrize(
    ("kills", "steps"), [((2,), 12), ((4,), 12), ((5, 7), 12), ((11,), 12), ((3, 9), 10), ((8,), 9)]
)
def test_a_killed_training_ends_in_the_same_weights_and_history(
    tmp_path, monkeypatch, kind, steps_per_row, kills, steps
):
    ends_within = steps if steps < 12 else None
    plan = Plan(3, 0.01, schedule="cosine", warmup=0.2, steps_per_row=steps_per_row, steps=ends_within)
    whole = kind()
    expected = trained(whole, plan)
    monkeypatch.setenv("SEMTOK_CHECKPOINT_SECONDS", "0")
    for dies_at in kills:
        with pytest.raises(Killed):
            trained(kind(dies_at), plan, tmp_path / "checkpoint", "same")
    # It takes up the work where it was left, or where the epoch began.
    first = kills[-1] if kind is Line else kills[-1] // 4 * 4
    resumed = kind()
    torch.manual_seed(999 if first else 1)
    found = train(resumed, plan, tmp_path / "checkpoint", "same")
    assert_same(weights_of(resumed.model), weights_of(whole.model))
    assert found.history == expected.history
    assert resumed.seen == whole.seen == steps
    assert resumed.steps == list(range(first, steps))
    assert resumed.starts == (0 if first else 1)


def test_the_last_epoch_may_end_early_and_has_its_row():
    objective = Line()
    history = trained(objective, Plan(3, 1.0, schedule="cosine", steps=10)).history
    assert [(row["epoch"], row["step"], row["seen"]) for row in history] == [(1, 4, 4), (2, 8, 8), (3, 10, 10)]
    # The rate falls over these steps, and not over those of whole epochs.
    assert objective.rates[9] == pytest.approx(0.5 * (1 + math.cos(math.pi * 9 / 10)))
    by_steps = trained(Line(), Plan(3, 1.0, steps_per_row=4, steps=10)).history
    assert [row["step"] for row in by_steps] == [4, 8, 10]


def test_a_training_killed_behind_the_last_step_of_a_short_epoch_still_writes_its_row(tmp_path, monkeypatch):
    monkeypatch.setenv("SEMTOK_CHECKPOINT_SECONDS", "0")
    plan, killed, resumed = Plan(3, 0.01, steps=10), Line(), Line()
    row = killed.row

    def dies(progress, losses):
        if progress.step == 10:
            raise Killed
        return row(progress, losses)

    killed.row = dies
    with pytest.raises(Killed):
        trained(killed, plan, tmp_path / "checkpoint", "same")
    found = trained(resumed, plan, tmp_path / "checkpoint", "same")
    assert resumed.steps == []
    assert found.history == trained(Line(), plan).history


def test_a_finished_training_is_not_repeated_however_rare_checkpoints_are(tmp_path, monkeypatch):
    monkeypatch.setenv("SEMTOK_CHECKPOINT_SECONDS", "1e9")
    first, again = Line(), Line(dies_at=0)
    trained(first, Plan(2, 0.01), tmp_path / "checkpoint", "same")
    assert len(train(again, Plan(2, 0.01), tmp_path / "checkpoint", "same").history) == 2
    assert_same(weights_of(first.model), weights_of(again.model))


def test_a_checkpoint_of_another_identity_is_not_used(tmp_path):
    trained(Line(), Plan(2, 0.01), tmp_path / "checkpoint", "one")
    other = Line()
    trained(other, Plan(2, 0.01), tmp_path / "checkpoint", "two")
    assert other.steps == list(range(8))
    assert checkpoints.load(tmp_path / "checkpoint", "one") is None


def test_rows_hold_weighted_means_of_every_loss():
    objective, found = Line(), []
    backward = objective.backward
    weights = iter([1, 3, 2, 2] * 2)

    def noted(batch, progress):
        losses = backward(batch, progress)
        weight = next(weights)
        found.append((losses.terms["loss"].item(), weight))
        return Losses(losses.terms, weight, weight)

    objective.backward = noted
    history = trained(objective, Plan(2, 0.01)).history
    for row, steps in zip(history, (found[:4], found[4:]), strict=True):
        assert row["loss"] == pytest.approx(sum(loss * weight for loss, weight in steps) / 8, rel=1e-12)
        assert row["double"] == pytest.approx(2 * row["loss"])
    assert [(row["epoch"], row["step"], row["seen"]) for row in history] == [(1, 4, 4), (2, 8, 8)]


def test_rows_every_few_steps_and_at_the_last():
    history = trained(Line(), Plan(2, 0.01, steps_per_row=3)).history
    # In the middle of an epoch that one is not done yet.
    assert [(row["epoch"], row["step"]) for row in history] == [(0, 3), (1, 6), (1, 8)]


@pytest.mark.parametrize("every", [1, 3, 50])
def test_sums_do_not_depend_on_when_losses_are_looked_at(monkeypatch, every):
    expected = trained(Line(), Plan(3, 0.01)).history
    monkeypatch.setattr(training, "STEPS_BETWEEN_CHECKS", every)
    assert trained(Line(), Plan(3, 0.01)).history == expected


def test_the_model_trains_after_a_row_that_evaluated_it():
    objective, modes = Line(), []
    backward = objective.backward
    objective.backward = lambda batch, progress: modes.append(objective.model.training) or backward(batch, progress)
    trained(objective, Plan(2, 0.01, steps_per_row=1))
    assert modes == [True] * 8


def test_learning_rate_follows_its_schedule():
    objective = Line()
    history = trained(objective, Plan(2, 1.0, schedule="cosine", warmup=0.25)).history
    assert objective.rates[:3] == [0.5, 1.0, 1.0]
    assert objective.rates[7] == pytest.approx(0.5 * (1 + math.cos(math.pi * 5 / 6)))
    assert [row["rate"] for row in history] == [objective.rates[3], objective.rates[7]]
    constant = Line()
    trained(constant, Plan(2, 0.3))
    assert constant.rates == [0.3] * 8


def test_the_best_weights_are_kept_as_scored_over_a_kill(tmp_path, monkeypatch):
    monkeypatch.setenv("SEMTOK_CHECKPOINT_SECONDS", "0")
    scores = [(0.1,), (0.3,), None, (0.2,), (0.3,)]
    with pytest.raises(Killed):
        trained(Line(13, scores), Plan(5, 0.01), tmp_path / "checkpoint", "same")
    whole, resumed = Line(scores=scores), Line(scores=scores)
    for objective, *checkpoint in ((whole,), (resumed, tmp_path / "checkpoint", "same")):
        progress = trained(objective, Plan(5, 0.01), *checkpoint)
        assert progress.best_epoch == 2
        # Of equals the earlier one, before `end_epoch` touched it.
        assert_same(weights_of(objective.model), whole.weights[2])


def test_scores_are_compared_as_tuples():
    later = Line(scores=[(0.3, 1.0), (0.3, 2.0), (0.2, 3.0)])
    assert trained(later, Plan(3, 0.01)).best_epoch == 2


def test_patience_counts_scores_without_a_better_one():
    scores = [(0.1,), (0.3,), None, (0.2,), (0.25,), (0.5,)]
    assert trained(Line(scores=scores), Plan(6, 0.01, patience=2)).epoch == 5
    assert trained(Line(scores=scores), Plan(6, 0.01)).best_epoch == 6


def test_loss_that_is_no_number_is_an_error_that_names_the_step():
    objective = Line()
    objective.nan_at = 6
    with pytest.raises(SemtokError, match=r"Line: the loss is nan in epoch 2, step 3; lower learning_rate"):
        trained(objective, Plan(3, 0.01))


def test_weights_that_the_last_step_spoils_are_an_error():
    objective = Line()
    backward = objective.backward

    def spoiling(batch, progress):
        losses = backward(batch, progress)
        if progress.step == 3:
            objective.model[0].weight.grad.fill_(torch.inf)
        return losses

    objective.backward = spoiling
    with pytest.raises(SemtokError, match=r"Line: found weights that are not finite numbers \(0\.weight, and 0 others"):
        trained(objective, Plan(1, 0.01))


def test_building_a_model_leaves_the_random_state_alone():
    before = torch.get_rng_state()
    first, again, other = (weights_of(Line(seed=seed).model) for seed in (0, 0, 1))
    assert torch.equal(before, torch.get_rng_state())
    assert_same(first, again)
    assert not torch.equal(first["0.weight"], other["0.weight"])
