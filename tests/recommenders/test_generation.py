import numpy as np
import pytest
import torch

from semtok.errors import SemtokError
from semtok.recommenders.batching import Batches
from semtok.recommenders.generation import Generated, expand, generate
from semtok.recommenders.grouping import Capacity
from semtok.recommenders.sequences import Samples, Sequences, target_samples
from semtok.recommenders.t5 import T5
from semtok.recommenders.trie import Positions, Trie
from semtok.recommenders.vocabulary import Catalogue

CPU = torch.device("cpu")


def test_ranks_by_hand():
    generated = Generated(np.array([[4, 2, 9], [1, -1, -1], [5, 6, -1]], dtype=np.int32), 0.0)
    assert generated.ranks(np.array([9, 1, 7])).tolist() == [3, 1, 0]


@pytest.fixture
def setting(model_options, codes, world):
    interactions, targets = world

    def make(collisions):
        catalogue = Catalogue.from_codes(codes, collisions)
        torch.manual_seed(2)
        model = T5(model_options, catalogue.vocabulary.size)
        with torch.no_grad():
            model.embedding.weight *= 3
        batches = Batches(Sequences.from_interactions(interactions), catalogue, 5, CPU)
        return model, batches, target_samples(targets, "test", batches.sequences), catalogue, Trie(catalogue, CPU)

    return make


def test_lists_do_not_depend_on_the_batches(setting):
    model, batches, samples, _, trie = setting("suffix")
    whole = generate(model, batches, samples, trie, trie, 8, 1000, seed=0).top
    assert whole.shape == (30, 8)
    assert len(np.unique(whole, axis=0)) > 5
    assert np.array_equal(whole, generate(model, batches, samples, trie, trie, 8, 3, seed=0).top)
    batches.capacity = Capacity(31, 6)
    assert np.array_equal(whole, generate(model, batches, samples, trie, trie, 8, 1000, seed=0).top)
    order = np.random.default_rng(0).permutation(len(samples))
    assert np.array_equal(whole[order], generate(model, batches, samples.take(order), trie, trie, 8, 7, seed=0).top)


def test_a_training_model_is_decoded_without_dropout_and_goes_on_training(setting):
    model, batches, samples, _, trie = setting("suffix")
    model.train()
    before = torch.get_rng_state()
    first = generate(model, batches, samples, trie, trie, 8, 1000, seed=0).top
    assert np.array_equal(first, generate(model, batches, samples, trie, trie, 8, 1000, seed=0).top)
    assert model.training
    assert torch.equal(before, torch.get_rng_state())


def test_the_target_is_never_read(setting):
    model, batches, samples, _, trie = setting("suffix")
    blanked = Samples(samples.user, samples.position, np.full(len(samples), -(10**9)))
    assert np.array_equal(
        generate(model, batches, samples, trie, trie, 8, 5, seed=0).top,
        generate(model, batches, blanked, trie, trie, 8, 5, seed=0).top,
    )


def test_expanded_lists_hold_items_once_and_follow_the_seed(setting, codes):
    model, batches, samples, _, trie = setting("expand")
    first = generate(model, batches, samples, trie, trie, 20, 5, seed=0).top
    assert all(len(set(row)) == 20 for row in first.tolist())
    assert np.array_equal(first, generate(model, batches, samples, trie, trie, 20, 3, seed=0).top)
    second = generate(model, batches, samples, trie, trie, 20, 5, seed=1).top
    assert not np.array_equal(first, second)
    tuples = [tuple(map(tuple, codes[row])) for row in first]
    assert tuples == [tuple(map(tuple, codes[row])) for row in second]


def test_expansion_is_uniform_and_its_own_for_each_user():
    catalogue = Catalogue.from_codes(np.zeros((3, 1), dtype=np.int32), "expand")
    trie = Trie(catalogue, CPU)
    users = np.arange(3000)
    top = expand(torch.zeros((3000, 1), dtype=torch.long), trie, users, seed=0)
    orders, counts = np.unique(top, axis=0, return_counts=True)
    assert len(orders) == 6
    assert counts.min() > 400
    assert np.array_equal(top[1234:1235], expand(torch.zeros((1, 1), dtype=torch.long), trie, users[1234:1235], seed=0))


def test_expand_skips_empty_places():
    catalogue = Catalogue.from_codes(np.array([[0], [1], [1]]), "expand")
    top = expand(torch.tensor([[-1, 1], [0, -1]]), Trie(catalogue, CPU), np.array([0, 1]), seed=0)
    assert sorted(top[0].tolist()) == [1, 2]
    assert top[1].tolist() == [0, -1]


def test_invalid_rate_counts_what_does_not_exist(setting):
    model, batches, samples, catalogue, trie = setting("suffix")
    positions = Positions(catalogue, trie, CPU)
    everything = positions.n_prefixes(3)
    generated = generate(model, batches, samples, positions, trie, everything, 10, seed=0)
    assert generated.invalid_rate == pytest.approx(1 - len(catalogue.tokens) / everything)
    assert (generated.top >= 0).sum() == len(samples) * len(catalogue.tokens)
    assert (generated.top[:, : len(catalogue.tokens)] >= 0).all()
    assert generate(model, batches, samples, trie, trie, 8, 10, seed=0).invalid_rate == 0


def test_weights_that_are_not_numbers_are_refused(setting):
    model, batches, samples, _, trie = setting("suffix")
    with torch.no_grad():
        model.decoder_norm.weight.fill_(torch.nan)
    with pytest.raises(SemtokError, match="not numbers"):
        generate(model, batches, samples, trie, trie, 8, 10, seed=0)
