"""LC-Rec's recommender: three tasks, of which only the responses are learned from."""

import numpy as np
import torch
from torch.nn import functional as F

from semtok.recommenders import lc_rec
from semtok.recommenders.batching import Batches
from semtok.recommenders.language_codes import item_tokens
from semtok.recommenders.lc_rec import NextItems
from semtok.recommenders.sequences import train_samples
from semtok.recommenders.text_tasks import TO_CODES, TO_TEXT, Joined, TextTask
from semtok.recommenders.vocabulary import N_SPECIALS
from support.in_language_models import lc_rec_options, task_in

CPU = torch.device("cpu")


def test_a_history_answers_with_the_next_item_alone(tmp_path, codes, world):
    """The sum over prefixes one by one, without pads, of the target's codes."""
    task = task_in(tmp_path, lc_rec_options(), world, codes)
    catalogue = item_tokens(task)
    model = lc_rec.build(task, catalogue.vocabulary.size).eval()
    batches = Batches(task.sequences, catalogue, 5, CPU)
    samples = train_samples(world[0]).take(np.arange(9))
    assert len(set(samples.position)) > 2
    loss = NextItems(model, batches, samples).backward(np.arange(9), 9)
    expected = 0.0
    for row in range(9):
        sample = samples.take(np.array([row]))
        items = batches.source(sample).source.view(1, -1, batches.n_levels) - N_SPECIALS
        target = batches.tokens[torch.from_numpy(sample.item)] - N_SPECIALS
        n_items = torch.tensor([items.shape[1]])
        whole = model.lay_out(items, n_items, target, torch.zeros(items.shape[:2], dtype=torch.bool), len(model.next))
        states = model.decoder(inputs_embeds=model.embed(whole.ids), use_cache=False).last_hidden_state
        logits = model.head(states)[0, -1 - batches.n_levels : -1]
        expected += float(F.cross_entropy(logits, target[0]).detach())
    assert abs(float(loss) - expected) < 1e-4 * expected


def test_it_learns_all_three_tasks(tmp_path, codes, world, monkeypatch):
    made = []

    class Kept(Joined):
        def __init__(self, kinds):
            super().__init__(kinds)
            made.append(self)

    monkeypatch.setattr(lc_rec, "Joined", Kept)
    task = task_in(tmp_path, lc_rec_options(epochs=3), world, codes)
    weights, history = lc_rec.train(task, tmp_path / "checkpoint", "one")
    histories, to_codes, to_text = made[0].kinds
    assert isinstance(histories, NextItems)
    assert [kind.task for kind in (to_codes, to_text) if isinstance(kind, TextTask)] == [TO_CODES, TO_TEXT]
    assert len(made[0]) == len(train_samples(world[0])) + 2 * 38
    assert history["loss"].is_monotonic_decreasing
    table, facts = lc_rec.decode(task, weights)
    assert table["top"].map(len).eq(10).all()
    assert facts["targets"] == 30
