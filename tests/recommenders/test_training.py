import logging
import math

import numpy as np
import pandas as pd
import pytest
import torch

from semtok.errors import SemtokError
from semtok.recommenders.batching import Batches
from semtok.recommenders.grouping import Capacity
from semtok.recommenders.prefixes import EveryTarget, Prefixes
from semtok.recommenders.sequences import Sequences, train_samples
from semtok.recommenders.t5 import T5
from semtok.recommenders.training import Trainer, Validation, make_optimizer, recall_and_ndcg
from semtok.recommenders.vocabulary import ItemTokens
from semtok.training import Progress

CPU = torch.device("cpu")


class Killed(BaseException):
    pass


@pytest.fixture
def make_trainer(make_options, codes, world, tmp_path):
    """A trainer of a fresh model, as a new process would make it."""

    def make(identity="same", validate=None, seed=0, **changes):
        options = make_options(**changes)
        catalogue = ItemTokens.from_codes(codes, "suffix")
        torch.manual_seed(seed)
        model = T5(options.model, catalogue.vocabulary.size)
        batches = Batches(Sequences.from_interactions(world[0]), catalogue, options.max_items, CPU)
        path = tmp_path / f"{identity}.pt"
        targets = train_samples(world[0])
        every = options.training.targets == "every"
        samples = EveryTarget(model, batches, targets, seed) if every else Prefixes(model, batches, targets)
        validation = Validation(lambda: validate(model)) if validate else None
        return Trainer(model, options.training, samples, validation, seed, path, identity)

    return make


@pytest.fixture
def kill_after(monkeypatch):
    def arm(steps):
        done = 0

        def step(*arguments):
            nonlocal done
            if done == steps:
                raise Killed
            done += 1
            return backward(*arguments)

        monkeypatch.setattr(Trainer, "backward", step)

    backward = Trainer.backward
    monkeypatch.setenv("SEMTOK_CHECKPOINT_SECONDS", "0")
    return arm


def counting_validation():
    """A validation that finds recalls of 0.1, 0.3, 0.2, ... and remembers the weights it saw."""
    recalls = iter([0.1, 0.3, 0.2, 0.25, 0.3, 0.1])
    seen = []

    def validate(model):
        seen.append({name: weight.clone() for name, weight in model.state_dict().items()})
        return next(recalls), 0.0

    return validate, seen


def assert_same(first, second):
    assert first.keys() == second.keys()
    for name, weight in first.items():
        assert torch.equal(weight, second[name]), name


@pytest.mark.parametrize(
    "changes",
    [{"optimizer": "adamw"}, {"optimizer": "adafactor"}, {"targets": "every", "max_items": 3, "batch_size": 8}],
    ids=lambda changes: str(changes),
)
def test_killed_runs_end_in_the_same_weights(make_trainer, kill_after, changes):
    """Killed in the first epoch, at the end of one and in a later one; dropout and the best weights go on too."""
    validate, seen = counting_validation()
    weights, history = make_trainer(identity="whole", validate=validate, epochs=4, **changes).run()
    assert history["recall@10"].tolist() == [0.1, 0.3, 0.2, 0.25]
    assert_same(weights, seen[1])
    per_epoch = make_trainer(**changes).steps_per_epoch
    assert per_epoch > 3
    validate, _ = counting_validation()
    for steps in (per_epoch - 2, 2, per_epoch + 1):
        kill_after(steps)
        with pytest.raises(Killed):
            make_trainer(validate=validate, epochs=4, **changes).run()
    kill_after(math.inf)
    resumed_weights, resumed_history = make_trainer(validate=validate, epochs=4, **changes).run()
    assert_same(weights, resumed_weights)
    pd.testing.assert_frame_equal(history, resumed_history, check_exact=True)


def test_recall_chooses_whatever_ndcg_is(make_trainer):
    """As `choose` compares candidates by Recall@10: what it takes is what the kept weights have."""
    found, seen = iter([(0.1, 0.01), (0.3, 0.02), (0.2, 0.03)]), []

    def validate(model):
        seen.append({name: weight.clone() for name, weight in model.state_dict().items()})
        return next(found)

    weights, _ = make_trainer(validate=validate, epochs=3).run()
    assert_same(weights, seen[1])


def test_patience_ends_training(make_trainer):
    validate, _ = counting_validation()
    _, history = make_trainer(validate=validate, epochs=6, patience=2).run()
    assert history["epoch"].tolist() == [1, 2, 3, 4]
    validate, _ = counting_validation()
    _, history = make_trainer(identity="other", validate=validate, epochs=6, patience=0).run()
    assert len(history) == 6


def test_validation_is_due_every_so_many_epochs_and_at_the_end(make_trainer):
    validate, _ = counting_validation()
    _, history = make_trainer(validate=validate, epochs=5, validation_every=2).run()
    assert history["recall@10"].notna().tolist() == [False, True, False, True, True]


def test_equal_runs_have_equal_histories_and_seeds_matter(make_trainer):
    _, first = make_trainer(identity="1").run()
    _, second = make_trainer(identity="2").run()
    _, other = make_trainer(identity="3", seed=1).run()
    assert first.to_csv() == second.to_csv()
    assert first.to_csv() != other.to_csv()
    assert first["loss"].iloc[-1] < first["loss"].iloc[0]


def test_validation_does_not_influence_the_steps(make_trainer):
    _, with_it = make_trainer(identity="with", validate=lambda model: (0.5, 0.5), epochs=3).run()
    _, without = make_trainer(identity="without", validate=None, epochs=3).run()
    assert with_it["loss"].tolist() == without["loss"].tolist()


@pytest.mark.parametrize("capacity", [Capacity(1, 1), Capacity(60, 8), Capacity(10**6, 10**6)])
def test_a_step_does_not_depend_on_how_its_samples_are_grouped(make_trainer, capacity):
    trainer = make_trainer()
    trainer.model.eval()  # no dropout
    batches, rows = trainer.samples.batches, np.arange(20)
    samples = trainer.samples.samples.take(rows)
    source = batches.source(samples)
    assert source.mask is not None
    expected = trainer.model(source.source, source.mask, batches.target(samples.item)) / 4 / 20
    gradients = torch.autograd.grad(expected, list(trainer.model.parameters()))
    batches.capacity = capacity
    losses = trainer.backward(rows, Progress())
    assert float(losses.terms["loss"]) / losses.divisor == pytest.approx(expected.item(), rel=1e-5)
    for parameter, gradient in zip(trainer.model.parameters(), gradients, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, atol=1e-5, rtol=1e-3)


def test_loss_that_is_not_a_number_is_an_error(make_trainer):
    trainer = make_trainer()
    with torch.no_grad():
        trainer.model.decoder_norm.weight.fill_(torch.inf)
    with pytest.raises(SemtokError, match=r"loss is nan in epoch 1, step 1;.*training\.learning_rate \(0.01\)"):
        trainer.run()


def test_weights_that_the_last_step_spoils_are_an_error(make_trainer):
    trainer = make_trainer(epochs=1, batch_size=10_000, learning_rate=1e38, warmup=0.0, schedule="constant")
    assert trainer.steps_per_epoch == 1
    with pytest.raises(SemtokError, match=r"weights that are not finite numbers .*learning_rate \(1e\+38\)"):
        trainer.run()


def test_learning_rates_of_the_history_follow_the_schedule(make_trainer):
    _, history = make_trainer(learning_rate=1e-3, warmup=0.5, schedule="constant", epochs=2).run()
    assert history["learning_rate"].tolist() == pytest.approx([1e-3, 1e-3])
    _, falling = make_trainer(identity="falling", learning_rate=1e-3, warmup=0.0, schedule="cosine", epochs=2).run()
    assert 0 < falling["learning_rate"].iloc[1] < falling["learning_rate"].iloc[0] < 1e-3


def test_norms_are_not_decayed(make_trainer, make_options):
    optimizer = make_optimizer(make_trainer().model, make_options(weight_decay=0.3).training)
    decayed, free = optimizer.param_groups
    assert (decayed["weight_decay"], free["weight_decay"]) == (0.3, 0.0)
    assert {parameter.ndim for parameter in free["params"]} == {1}
    assert len(decayed["params"]) + len(free["params"]) == len(list(make_trainer().model.parameters()))


def test_adafactor_steps_in_proportion_to_a_tensor(make_options):
    """A first step: the rate times the root mean square of the tensor, whatever the gradient's size."""
    model = torch.nn.Linear(2, 2)
    torch.nn.init.constant_(model.weight, 2.0)
    torch.nn.init.constant_(model.bias, -0.5)
    chosen = make_options(optimizer="adafactor", learning_rate=0.01, weight_decay=0.0).training
    optimizer = make_optimizer(model, chosen)
    model.weight.grad, model.bias.grad = torch.full((2, 2), 7.0), torch.full((2,), -0.001)
    optimizer.step()
    assert model.weight.flatten().tolist() == pytest.approx([1.98] * 4)
    assert model.bias.tolist() == pytest.approx([-0.495] * 2)


def test_metrics_by_hand():
    recall, ndcg = recall_and_ndcg(np.array([1, 3, 0, 11]), 10)
    assert recall == 0.5
    assert ndcg == pytest.approx((1 + 0.5) / 4)


def test_an_epoch_without_a_validation_tells_the_loss_alone(make_trainer, caplog):
    validations = iter([(1 / 3, 2 / 3)])
    with caplog.at_level(logging.INFO):
        make_trainer(validate=lambda model: next(validations), epochs=2, validation_every=2).run()
    first, second = (record.message for record in caplog.records if record.message.startswith("epoch"))
    assert "recall" not in first
    assert second.endswith(", recall@10 0.3333, ndcg@10 0.6667")


def test_an_epoch_is_a_line_of_the_log(make_trainer, caplog):
    with caplog.at_level(logging.INFO):
        make_trainer().run()
    lines = [record.message for record in caplog.records if record.message.startswith("epoch")]
    assert len(lines) == 2
    assert "loss" in lines[0]
