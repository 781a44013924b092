import numpy as np
import pytest
import torch

from semtok.recommenders import exhaustive
from semtok.recommenders.batching import Batches
from semtok.recommenders.exhaustive import certify, exhaustive_search, score_catalogue
from semtok.recommenders.generation import Generated
from semtok.recommenders.item_codes import generate
from semtok.recommenders.sequences import Sequences, target_samples
from semtok.recommenders.t5 import T5
from semtok.recommenders.trie import Trie
from semtok.recommenders.vocabulary import BOS, ItemTokens

CPU = torch.device("cpu")


@pytest.fixture
def setting(model_options, codes, world):
    interactions, targets = world
    catalogue = ItemTokens.from_codes(codes, "suffix")
    model = T5(model_options, catalogue.vocabulary.size).eval()
    with torch.no_grad():
        model.embedding.weight *= 3
    batches = Batches(Sequences.from_interactions(interactions), catalogue, 5, CPU)
    return model, batches, target_samples(targets, "test", batches.sequences), catalogue, Trie(catalogue, CPU)


@pytest.mark.parametrize("at_once", [3, 2048])
def test_scores_equal_those_of_items_taught_one_by_one(setting, monkeypatch, at_once):
    monkeypatch.setattr(exhaustive, "PREFIXES_AT_ONCE", at_once)
    model, batches, samples, catalogue, trie = setting
    batch = batches.source(samples.take(np.array([4])))
    tokens = torch.from_numpy(catalogue.tokens)
    with torch.no_grad():
        encoded = model.encode(batch.source, None)
        scores = score_catalogue(model, trie, batch, renormalize=False)
        started = torch.cat([torch.full((len(tokens), 1), BOS), tokens[:, :-1]], dim=1)
        logits = model.decode(encoded.expand(len(tokens), -1, -1), None, started)
    truth = logits.log_softmax(-1).gather(-1, tokens.unsqueeze(-1)).sum((1, 2))
    torch.testing.assert_close(scores, truth[trie.items], atol=1e-4, rtol=0)


@pytest.mark.parametrize("renormalize", [False, True])
def test_a_beam_as_wide_as_the_catalogue_gives_the_same_ranking(setting, renormalize):
    model, batches, samples, catalogue, trie = setting
    n_items = len(catalogue.tokens)
    exact = exhaustive_search(model, batches, samples, trie, n_items, 0, renormalize)
    beam = generate(model, batches, samples, trie, trie, n_items, 7, 0, renormalize)
    assert np.array_equal(exact.top, beam.top)
    assert len(np.unique(exact.top, axis=0)) > 5


def test_a_beam_that_has_seen_the_target_is_told_by_its_recall_at_1(setting):
    """Nineteen of twenty items are the true best, so that the overlap alone would not tell."""
    model, batches, samples, _, trie = setting
    exact = exhaustive_search(model, batches, samples, trie, 20, 0)
    honest = generate(model, batches, samples, trie, trie, 40, 7, 0)
    leaked = np.concatenate([samples.item[:, None], honest.top[:, :19]], axis=1)
    certificate = certify(Generated(leaked, 0.0), exact, samples.item, 20)
    assert certificate.overlap == pytest.approx(0.95)
    assert certificate.beam_recall_at_1 == 1.0 > certificate.exhaustive_recall_at_1
    certificate = certify(honest, exact, samples.item, 20)
    assert certificate.beam_recall_at_1 == certificate.exhaustive_recall_at_1


def test_certificate_by_hand():
    exact = Generated(np.array([[1, 2, 3, 4], [5, 6, 7, 8]], dtype=np.int32), 0.0)
    beam = Generated(np.array([[1, 3, 9, -1], [6, 5, 8, 7]], dtype=np.int32), 0.0)
    certificate = certify(beam, exact, np.array([1, 5]), k=4)
    assert certificate.targets == 2
    assert certificate.overlap == pytest.approx((2 / 4 + 4 / 4) / 2)
    assert certificate.beam_recall_at_1 == 0.5
    assert certificate.exhaustive_recall_at_1 == 1.0
