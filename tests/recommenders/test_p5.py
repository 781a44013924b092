"""P5: one vector an item, in the prompt of the others."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from semtok.recommenders import p5
from semtok.recommenders.sequences import Samples, target_samples
from semtok.recommenders.windows import Windows
from support.in_language_models import p5_options, task_in


@pytest.fixture
def setting(tmp_path, world):
    task = task_in(tmp_path, p5_options(), world)
    model = p5.build(task).eval()
    with torch.no_grad():
        model.head.weight.normal_(std=0.5)
    return task, model


def logits(model, items):
    """After each token of the prompt of `items`, which ends with the header of the next one: [S, n_items]."""
    prefix, newline, header = model.prefix.tolist(), model.between.tolist(), model.next.tolist()
    ids = [*prefix, *(one for item in items for one in [model.n_words + item, *newline]), *header]
    return model.head(model.decoder(inputs_embeds=model.embed(torch.tensor([ids])), use_cache=False)[0])[0]


@torch.no_grad()
def test_scores_are_those_behind_the_header(setting):
    """In batches of different lengths, whose pads do not matter."""
    task, model = setting
    samples = target_samples(task.targets, "test", task.sequences)
    histories = task.sequences.histories(samples, 5)
    assert len(set(histories.lengths)) > 2
    scores = model.scores(histories)
    for row in range(0, len(samples), 5):
        alone = logits(model, histories.items[row, : histories.lengths[row]].tolist())
        torch.testing.assert_close(scores[row], alone[-1], atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_every_train_record_with_a_past_is_told_once(setting):
    task, model = setting
    windows = Windows.from_interactions(model, task.interactions, 5)
    batch = windows.batch(windows.ends)
    n_prefix, expected, n_told = len(model.prefix), 0.0, 0
    for row in range(len(windows)):
        n = int(batch.histories.lengths[row])
        whole = logits(model, batch.histories.items[row, :n].tolist())
        for step in np.flatnonzero(batch.is_learned[row]):
            # Behind the newline of its step, or, for the last step, behind the header.
            at = -1 if step == n - 1 else n_prefix + 2 * int(step) + 1
            following = torch.tensor(batch.following[row, step])
            expected += float(F.cross_entropy(whole[at], following))
            n_told += 1
    assert n_told == (task.interactions["split"] == "train").sum() - task.interactions["user"].nunique()
    assert float(model.loss(batch)) == pytest.approx(expected, rel=1e-4)


def test_it_is_trained_and_ranks_all_items(setting, tmp_path):
    task, model = setting
    weights, history = p5.train(task, tmp_path / "checkpoint", "one")
    assert set(weights) == model.trained
    assert history["loss"].is_monotonic_decreasing
    table, facts = p5.decode(task, weights)
    assert table["rank"].notna().all()
    assert facts["scored_items"] == 40


def test_one_item_is_a_history(setting):
    task, model = setting
    histories = task.sequences.histories(Samples(np.array([0]), np.array([1]), np.array([0])), 5)
    assert model.scores(histories).shape == (1, 40)
