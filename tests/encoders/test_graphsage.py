import math

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from scipy import sparse

from semtok.config.encoders import GraphSAGEEncoder
from semtok.encoders import graphsage
from semtok.encoders.distance_graph import build
from semtok.encoders.graphsage import GraphSAGETraining, encode_nodes, fourier_features, walk_loss
from semtok.errors import SemtokError
from semtok.run import checkpoints
from support.places import OPTIONS, city, options


@pytest.fixture
def small():
    """A graph of 40 places and their coordinates."""
    items = city(40)
    return build(options().graph, items), items["latitude"].to_numpy(), items["longitude"].to_numpy()


def test_loss_by_hand():
    anchors = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    positives = torch.tensor([[0.6, 0.8], [0.0, 1.0]])
    negatives = torch.tensor([[1.0, 0.0], [0.0, -1.0], [0.8, 0.6]])
    itself = torch.tensor([[True, False, False], [False, False, False]])
    found = walk_loss(anchors, positives, negatives, torch.tensor(0.5), itself)

    def softplus(x):
        return math.log1p(math.exp(x))

    first = softplus(-1.2) + softplus(0) + softplus(1.6)
    second = softplus(-2) + softplus(0) + softplus(-2) + softplus(1.2)
    assert float(found) == pytest.approx((first + second) / 2, rel=1e-6)


def test_a_layer_is_the_formula_of_the_paper(small):
    graph, latitude, longitude = small
    training = GraphSAGETraining(options(), graph, fourier_features(options(), latitude, longitude))
    x = torch.from_numpy(np.hstack([training.features.numpy(), training.model.own.detach().numpy()]))
    convolution = training.model.layers[0]
    adjacency = torch.from_numpy((graph.toarray() > 0).astype(np.float32))
    mean = adjacency @ x / adjacency.sum(dim=1, keepdim=True)
    expected = (convolution.lin_l(mean) + convolution.lin_r(x)).relu()
    everyone = np.arange(40)
    neighbours, targets = training.sampler.edges(everyone, None, None)
    edges = torch.from_numpy(np.stack([neighbours, targets]))
    found = training.model.layer(0, x, torch.from_numpy(everyone), edges)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)


def test_a_sample_of_everyone_is_the_full_neighbourhood(small):
    graph, latitude, longitude = small
    chosen = options(neighbour_samples=[1000, 1000])
    training = GraphSAGETraining(chosen, graph, fourier_features(chosen, latitude, longitude))
    nodes = np.array([3, 17, 18, 39])
    with torch.no_grad():
        sampled = training._sampled(nodes, np.random.default_rng(0))
    np.testing.assert_allclose(sampled.numpy(), training.embed()[nodes], rtol=1e-5, atol=1e-6)


def test_a_real_sample_is_near_the_full_neighbourhood_and_not_it(small):
    graph, latitude, longitude = small
    chosen = options(neighbour_samples=[3, 3])
    training = GraphSAGETraining(chosen, graph, fourier_features(chosen, latitude, longitude))
    nodes, random = np.arange(40), np.random.default_rng(0)
    with torch.no_grad():
        draws = np.stack([training._sampled(nodes, random).numpy() for _ in range(200)])
    full = training.embed()
    assert np.abs(draws[0] - full).max() > 0.01
    assert np.abs(draws.mean(axis=0) - full).mean() < 0.3 * np.abs(draws - full).mean()


def test_export_is_deterministic_of_length_one_and_blocks_change_nothing(small, monkeypatch):
    graph, latitude, longitude = small
    vectors, facts = encode_nodes(options(epochs=2), graph, latitude, longitude)
    again, _ = encode_nodes(options(epochs=2), graph, latitude, longitude)
    np.testing.assert_array_equal(vectors, again)
    assert vectors.shape == (40, OPTIONS["dimensions"])
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    assert len(facts["loss_by_epoch"]) == 2
    other, _ = encode_nodes(options(epochs=2, seed=1), graph, latitude, longitude)
    assert not np.allclose(vectors, other)
    training = GraphSAGETraining(options(), graph, fourier_features(options(), latitude, longitude))
    whole = training.embed()
    monkeypatch.setattr(graphsage, "EXPORT_BLOCK", 7)
    np.testing.assert_allclose(training.embed(), whole, rtol=1e-5, atol=1e-6)


def test_walks_in_blocks_start_as_often_at_every_node(small, monkeypatch):
    graph, latitude, longitude = small
    chosen = options(walks_per_node=7, walk_length=1)
    training = GraphSAGETraining(chosen, graph, fourier_features(chosen, latitude, longitude))
    for together in (15, 90, 10_000):
        monkeypatch.setattr(graphsage, "WALKS_AT_A_TIME", together)
        anchors = np.concatenate([a for a, _ in training._pairs(np.random.default_rng(0))])
        np.testing.assert_array_equal(np.bincount(anchors), 7)


def test_the_random_state_of_torch_is_left_alone(small):
    before = torch.get_rng_state()
    encode_nodes(options(epochs=1), *small)
    assert torch.equal(before, torch.get_rng_state())


def test_a_killed_training_goes_on_to_the_same_vectors(small, tmp_path, monkeypatch):
    graph, latitude, longitude = small
    straight, facts = encode_nodes(options(epochs=4), graph, latitude, longitude)
    monkeypatch.setenv("SEMTOK_CHECKPOINT_SECONDS", "0")
    epochs = []
    batches = GraphSAGETraining.batches

    def dying(self, epoch):
        epochs.append(epoch)
        for batch in batches(self, epoch):
            yield batch
            if len(epochs) == 3:
                raise KeyboardInterrupt

    monkeypatch.setattr(GraphSAGETraining, "batches", dying)
    path = tmp_path / "checkpoint.pt"
    with pytest.raises(KeyboardInterrupt):
        encode_nodes(options(epochs=4), graph, latitude, longitude, path, "one")
    assert checkpoints.load(path, "another") is None
    resumed, resumed_facts = encode_nodes(options(epochs=4), graph, latitude, longitude, path, "one")
    assert epochs == [1, 2, 3, 3, 4]
    np.testing.assert_array_equal(straight, resumed)
    assert facts == resumed_facts


def test_vectors_that_the_last_step_spoils_are_an_error(small, monkeypatch):
    monkeypatch.setattr(GraphSAGETraining, "embed", lambda self: np.full((40, 4), np.nan, dtype=np.float32))
    with pytest.raises(SemtokError, match="GraphSAGE: the vectors are not finite numbers; lower learning_rate"):
        encode_nodes(options(epochs=1), *small)


def test_fourier_features_by_hand():
    chosen = options(fourier_scales=3, largest_scale_km=4.0, smallest_scale_km=1.0)
    kilometre = 1 / 111.19508
    # Half a kilometre north and south of the middle, which is on the equator; and one without a place.
    latitude, longitude = np.array([0.5, -0.5, np.nan]) * kilometre, np.array([0.0, 0.0, 1.0])
    features = fourier_features(chosen, latitude, longitude)
    angles = 2 * np.pi * 0.5 / np.array([4, 2, 1])
    expected = np.concatenate([np.zeros(3), np.sin(angles), np.ones(3), np.cos(angles)])
    np.testing.assert_allclose(features[0], expected, atol=1e-5)
    np.testing.assert_allclose(features[1], np.where(np.arange(12) < 6, -expected, expected), atol=1e-5)
    np.testing.assert_array_equal(features[2], 0)
    assert fourier_features(options(), latitude, longitude).shape == (3, 32)


@pytest.mark.parametrize("changed", [{"fourier_scales": 0}, {"identity_dim": 0}, {"learn_temperature": False}])
def test_variants(small, changed):
    vectors, facts = encode_nodes(options(epochs=2, **changed), *small)
    assert np.isfinite(vectors).all()
    assert (facts["temperature"] == pytest.approx(0.1)) == ("learn_temperature" in changed)


def test_two_places():
    pair = sparse.csr_array(np.array([[0, 1], [1, 0]], dtype=np.float32))
    vectors, _ = encode_nodes(options(epochs=2), pair, np.array([1.0, 1.1]), np.array([2.0, 2.0]))
    assert np.isfinite(vectors).all()


def test_options_that_leave_no_input_are_refused():
    with pytest.raises(ValidationError, match="no input"):
        options(fourier_scales=0, identity_dim=0)
    with pytest.raises(ValidationError, match="at most largest_scale_km"):
        options(smallest_scale_km=30.0)
    assert isinstance(options(), GraphSAGEEncoder)
