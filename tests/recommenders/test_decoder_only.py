import numpy as np
import pandas as pd
import pytest
import torch
from torch.nn import functional as F

from semtok.config.over_codes import DecoderOnly, DecodingOptions, GeneratorTrainingOptions, TransformerOptions
from semtok.recommenders.batching import Batches
from semtok.recommenders.decoder_only import CodeStream, decode, train
from semtok.recommenders.exhaustive import exhaustive_search
from semtok.recommenders.item_codes import generate
from semtok.recommenders.prefixes import EveryTarget
from semtok.recommenders.sequences import Samples, Sequences, target_samples, train_samples
from semtok.recommenders.task import RecommenderTask
from semtok.recommenders.trie import Trie
from semtok.recommenders.vocabulary import ItemTokens

CPU = torch.device("cpu")


@pytest.fixture
def transformer(model_options):
    return TransformerOptions.model_validate(model_options.model_dump(exclude={"encoder"}))


@pytest.fixture(params=[0, 3], ids=["no user token", "user tokens"])
def setting(request, transformer, codes, world):
    """A model with spread-out probabilities, and histories of 2 to 5 items."""
    interactions, targets = world
    catalogue = ItemTokens.from_codes(codes, "suffix", request.param)
    model = CodeStream(transformer, catalogue.vocabulary.size).eval()
    with torch.no_grad():
        model.embedding.weight *= 3
    batches = Batches(Sequences.from_interactions(interactions), catalogue, 5, CPU)
    return model, batches, target_samples(targets, "test", batches.sequences), catalogue, Trie(catalogue, CPU)


def taught(model, batches, sample, items):
    """Log-probability of each of `items` [n] after one history, by a pass over the whole stream; no cache, no pads."""
    source = batches.source(sample).source
    codes = batches.tokens[torch.from_numpy(items)]  # (n, L)
    stream = torch.cat([source.expand(len(items), -1), codes], dim=1)
    with torch.no_grad():
        states, _ = model(stream[:, :-1])
        logits = model._logits(states[:, source.shape[1] - 1 :])
    return logits.log_softmax(-1).gather(-1, codes.unsqueeze(-1)).sum((1, 2))


def test_every_target_is_the_sum_over_histories_one_by_one(setting, world):
    """Each code is predicted from all of the stream before it, padding and later items notwithstanding."""
    model, batches, *_ = setting
    windows = EveryTarget(model, batches, train_samples(world[0]), seed=0)
    windows.start(2)
    sources = Recording(model)
    windows.model = sources
    loss = windows.backward(np.arange(len(windows)), 1)
    expected = 0.0
    for source, target, seen in sources.calls:
        for row, codes, counts in zip(source, target[..., 1:], seen, strict=True):
            for item, count in zip(codes[counts > 0], counts[counts > 0], strict=True):
                stream = torch.cat([row[:count], item])[None]
                states, _ = model(stream[:, :-1])
                logits = model._logits(states[:, count - 1 :])
                expected += float(F.cross_entropy(logits[0], item, reduction="sum").detach()) / batches.n_levels
    assert float(loss) == pytest.approx(expected, rel=1e-4)


class Recording(torch.nn.Module):
    """The model, which keeps what it is given."""

    def __init__(self, model):
        super().__init__()
        self.model, self.calls = model, []

    def every_target(self, source, target, seen):
        self.calls.append((source, target, seen))
        return self.model.every_target(source, target, seen)


def test_beam_as_wide_as_the_catalogue_ranks_by_the_probabilities_of_one_pass(setting):
    """Also in batches of different lengths, whose pads must not matter."""
    model, batches, samples, catalogue, trie = setting
    n_items = len(catalogue.tokens)
    together = generate(model, batches, samples, trie, trie, n_items, 1000, seed=0).top
    assert len({int(length) for length in batches.sequences.lengths(samples, 5)}) > 2
    for row in range(0, len(samples), 4):
        truth = taught(model, batches, samples.take(np.array([row])), np.arange(n_items))
        found = truth[torch.from_numpy(together[row]).long()]
        torch.testing.assert_close(found, truth.sort(descending=True).values, atol=1e-4, rtol=0)


def test_exhaustive_scores_certify_it(setting):
    model, batches, samples, _, trie = setting
    few = samples.take(np.arange(6))
    exact = exhaustive_search(model, batches, few, trie, 40, 0)
    assert np.array_equal(exact.top, generate(model, batches, few, trie, trie, 40, 3, seed=0).top)


def test_a_history_of_one_code_can_be_decoded(transformer):
    catalogue = ItemTokens.from_codes(np.arange(4)[:, None], "expand")
    model = CodeStream(transformer, catalogue.vocabulary.size).eval()
    batches = Batches(Sequences(np.array([0, 1, 2, 3]), np.array([0, 3, 4])), catalogue, 5, CPU)
    samples = Samples(np.array([0, 1]), np.array([3, 1]), np.array([0, 0]))
    trie = Trie(catalogue, CPU)
    together = generate(model, batches, samples, trie, trie, 4, 10, seed=0).top
    alone = generate(model, batches, samples.take(np.array([1])), trie, trie, 4, 10, seed=0).top
    assert np.array_equal(together[1], alone[0])
    assert sorted(together[1]) == [0, 1, 2, 3]


def test_it_learns_and_ranks_a_simple_world(transformer, tmp_path):
    """Every user goes round 24 items, so that the next item is a function of the last one."""
    rows = [(user, (user + step) % 24, step, "train") for user in range(72) for step in range(4 + user % 5)]
    interactions = pd.DataFrame(rows, columns=["user", "item", "timestamp", "split"])
    last = interactions.groupby("user").tail(1).index
    interactions.loc[last, "split"] = "test"
    interactions.loc[last - 1, "split"] = "valid"
    targets = interactions[interactions["split"] != "train"].reset_index(drop=True)
    targets = targets.assign(target=np.arange(len(targets)), position=targets["timestamp"])
    training = GeneratorTrainingOptions(
        optimizer="adamw",
        learning_rate=0.01,
        weight_decay=0.01,
        warmup=0.1,
        schedule="cosine",
        batch_size=16,
        epochs=100,
        samples_per_epoch=None,
        validation_every=100,
        validation_users=None,
        validation_beam_size=10,
        patience=0,
    )
    decoding = DecodingOptions(beam_size=10, constraint="trie", renormalize=False, batch_size=8, certify_users=5)
    options = DecoderOnly(
        method="decoder-only",
        max_items=4,
        user_tokens=0,
        collisions="expand",
        model=transformer,
        training=training,
        decoding=decoding,
    )
    codes = np.stack(np.divmod(np.arange(24), 6), axis=1).astype(np.int32)
    task = RecommenderTask(options, interactions, targets, 0, codes)
    weights, history = train(task, tmp_path / "checkpoint", "one")
    assert history["loss"].iloc[-1] < 0.5 * history["loss"].iloc[0]
    table, facts = decode(task, weights)
    assert (table["rank"] == 1).fillna(False).mean() > 0.8
    assert facts["certified_targets"] == 5
