"""STORE's network: prompts, decoding with caches against whole prompts, and the beam against exact scores."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from semtok.recommenders import store
from semtok.recommenders.batching import Batches
from semtok.recommenders.exhaustive import exhaustive_search
from semtok.recommenders.item_codes import generate
from semtok.recommenders.language_codes import item_tokens
from semtok.recommenders.prefixes import EveryTarget
from semtok.recommenders.prompts import INSTRUCTION, NEXT
from semtok.recommenders.sequences import Sequences, target_samples, train_samples
from semtok.recommenders.trie import Trie
from semtok.recommenders.vocabulary import N_SPECIALS
from support.in_language_models import store_options, task_in

CPU = torch.device("cpu")
SHAPES = {
    "like opt-350m": {},
    "like opt-125m": {"hidden_size": 32, "word_embed_proj_dim": 32, "do_layer_norm_before": True},
}


@pytest.fixture(params=SHAPES.values(), ids=SHAPES)
def setting(request, tmp_path, codes, world):
    """A model with spread-out probabilities, LoRA's maps off zero, and histories of 2 to 5 items."""
    task = task_in(tmp_path, store_options(), world, codes, **request.param)
    catalogue = item_tokens(task)
    model = moved(store.build(task, catalogue.vocabulary.size).eval())
    batches = Batches(task.sequences, catalogue, 5, CPU)
    return model, batches, target_samples(world[1], "test", batches.sequences), catalogue, Trie(catalogue, CPU)


def moved(model):
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "lora_B" in name:
                weight.normal_(std=0.3)
        model.head.weight.normal_(std=0.5)
    return model


def stream(model, history, target):
    """The prompt of items [T, L] of symbols as one row of ids, and the symbols `target` behind it."""
    before = [model.text_start, *model.vocabulary.encode(INSTRUCTION).ids]
    newline, header = model.vocabulary.encode("\n").ids, model.vocabulary.encode(NEXT).ids
    items = [id_ for item in history for id_ in [*(model.n_words + item).tolist(), *newline]]
    return torch.tensor([[*before, *items, *header, *(model.n_words + target).tolist()]])


def by_transformers(model, ids):
    """Logits of the symbols after each of ids [1, S]; no cache, no pads, no code of decoding."""
    inputs = model.embed(ids)
    return model.head(model.decoder(inputs_embeds=inputs, use_cache=False).last_hidden_state)


@torch.no_grad()
def test_steps_with_caches_are_the_whole_prompt(setting):
    """Branches of histories of unequal length, of which some continue the same row."""
    model, batches, samples, catalogue, _ = setting
    rows = np.array([0, 1, 2, 3, 4])
    lengths = batches.sequences.lengths(samples.take(rows), 5)
    assert len(set(lengths)) > 1
    batch = batches.source(samples.take(rows))
    tokens, state = model.begin(batch.source, batch.mask)
    written = torch.from_numpy(catalogue.tokens[[[7, 31, 12], [3, 3, 20], [0, 1, 2], [39, 5, 6], [8, 9, 9]]])
    logits, state = model.step(tokens, state)
    found = [logits[:, None].expand(-1, 3, -1)]
    state = state.select(torch.arange(5).repeat_interleave(3))
    for level in range(2):
        logits, state = model.step(written[:, :, level].flatten(), state)
        found.append(logits.view(5, 3, -1))
    for row in range(5):
        history = torch.from_numpy(catalogue.tokens[batches.sequences.histories(samples.take(rows), 5).items[row]])
        for branch in range(3):
            ids = stream(model, history[: lengths[row]] - N_SPECIALS, written[row, branch, :2] - N_SPECIALS)
            whole = by_transformers(model, ids)[0, -3:]
            steps = torch.stack([step[row, branch] for step in found])
            assert (steps[:, :N_SPECIALS] == -torch.inf).all()
            torch.testing.assert_close(steps[:, N_SPECIALS:], whole, atol=1e-5, rtol=1e-5)


def test_every_code_of_a_target_is_asked_once(setting, world):
    """History and target in one pass: the sum over whole prompts, one a window, without pads."""
    model, batches, *_ = setting
    windows = EveryTarget(model, batches, train_samples(world[0]), seed=0)
    windows.start(1)
    loss = windows.backward(np.arange(len(windows)), 1)
    expected, n_targets = 0.0, 0
    for window in range(len(windows)):
        first, end = windows.first_target[window : window + 2]
        if first == end:
            continue
        targets = windows.targets.take(np.arange(first, end))
        last = targets.take(np.array([len(targets) - 1]))
        items = batches.sequences.histories(last, 5).items[0]
        symbols = batches.tokens[torch.from_numpy(np.append(items, last.item))] - N_SPECIALS
        ids = stream(model, symbols[:-1], symbols[-1])
        with torch.no_grad():
            logits = by_transformers(model, ids)[0, :-1]
        is_code = ids[0, 1:] >= model.n_words
        losses = F.cross_entropy(logits[is_code], ids[0, 1:][is_code] - model.n_words, reduction="none")
        of_item = losses.view(len(symbols), -1).mean(dim=1)
        expected += float(of_item[len(symbols) - len(targets) :].sum())
        n_targets += len(targets)
    assert n_targets == len(windows.targets) == windows.predictions(np.arange(len(windows)))
    assert float(loss) == pytest.approx(expected, rel=1e-4)


@torch.no_grad()
def test_beam_as_wide_as_the_catalogue_ranks_by_whole_prompts(setting):
    """Exhaustive scoring agrees, and batches of different lengths, whose pads must not matter."""
    model, batches, samples, catalogue, trie = setting
    together = generate(model, batches, samples, trie, trie, 40, 1000, seed=0).top
    for row in range(0, len(samples), 7):
        sample = samples.take(np.array([row]))
        history = torch.from_numpy(catalogue.tokens[batches.sequences.histories(sample, 5).items[0]]) - N_SPECIALS
        truth = []
        for tokens in torch.from_numpy(catalogue.tokens) - N_SPECIALS:
            log_p = by_transformers(model, stream(model, history, tokens[:-1]))[0, -len(tokens) :].log_softmax(-1)
            truth.append(log_p.gather(1, tokens[:, None]).sum())
        truth = torch.stack(truth)
        torch.testing.assert_close(
            truth[torch.from_numpy(together[row]).long()], truth.sort(descending=True).values, atol=1e-4, rtol=0
        )
    few = samples.take(np.arange(6))
    exact = exhaustive_search(model, batches, few, trie, 40, 0)
    assert np.array_equal(exact.top, together[:6])


def test_the_beam_does_not_know_the_target(tmp_path, codes, world):
    """Other targets, and another end of the interactions, change no list."""
    interactions, targets = world
    task = task_in(tmp_path, store_options(), world, codes)
    catalogue = item_tokens(task)
    model = moved(store.build(task, catalogue.vocabulary.size).eval())
    trie = Trie(catalogue, CPU)
    permuted = targets.assign(item=np.random.default_rng(0).permutation(targets["item"]))
    spoiled = interactions.copy()
    is_test = spoiled["split"] == "test"
    spoiled.loc[is_test, "item"] = np.random.default_rng(1).permutation(spoiled.loc[is_test, "item"])
    assert not spoiled.equals(interactions)
    tops = []
    for rows, asked in ((interactions, targets), (spoiled, permuted)):
        batches = Batches(Sequences.from_interactions(rows), catalogue, 5, CPU)
        samples = target_samples(asked, "test", batches.sequences)
        tops.append(generate(model, batches, samples, trie, trie, 10, 8, seed=0).top)
    assert np.array_equal(*tops)


def test_lora_and_codes_learn_and_words_do_not(tmp_path, codes, world):
    task = task_in(tmp_path, store_options(alignment=False), world, codes)
    model = store.build(task, item_tokens(task).vocabulary.size)
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    weights, _ = store.train(task, tmp_path / "checkpoint", "one")
    assert (
        set(weights) == model.trained == {name for name in before if "lora" in name} | {"symbols.weight", "head.weight"}
    )
    assert not any("embed_tokens" in name for name in weights)
    model.load_state_dict(weights)
    same = [name for name, weight in model.named_parameters() if torch.equal(weight, before[name])]
    assert "decoder.embed_tokens.weight" in same
    assert set(same) == set(before) - set(weights)
    with pytest.raises(KeyError, match="too many or too few"):
        model.load_state_dict({"head.weight": weights["head.weight"]})
