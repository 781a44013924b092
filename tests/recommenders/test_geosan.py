import numpy as np
import pytest
import torch

from semtok.recommenders.check_ins import CheckIns
from semtok.recommenders.geosan import build, pieces_of, sinusoids
from semtok.recommenders.windows import Windows
from support.check_ins import N_ITEMS, make_options, task_in


def places(latitude, longitude):
    return CheckIns(*np.zeros((3, 1), dtype=np.int64), np.ones(1, dtype=bool), np.array(latitude), np.array(longitude))


def test_pieces_overlap_and_tiles_are_shared():
    # Two in the north-east, of the quadkeys 111 and 100, and a neighbour of the first.
    pieces, tile = pieces_of(places([80.0, 80.1, 60.0], [170.0, 171.0, 10.0]), 3, 2)
    assert tile[0] == tile[1] != tile[2]
    keys = {"11": 5, "10": 4, "00": 0, "12": 6, "03": 3, "20": 8}
    assert pieces[tile[0]].tolist() == [keys["11"], keys["11"]]
    assert pieces.shape == (2, 2)


def test_sinusoids_are_the_transformers():
    found = sinusoids(4, 6).numpy()
    for position in range(4):
        for pair in range(3):
            angle = position / 10_000 ** (2 * pair / 6)
            assert found[position, 2 * pair : 2 * pair + 2] == pytest.approx([np.sin(angle), np.cos(angle)], abs=1e-6)


@pytest.fixture
def task(tmp_path):
    return task_in(tmp_path, make_options("geosan", model={"dropout": 0.0}))


@pytest.fixture
def network(task):
    torch.manual_seed(0)
    return build(task).eval()


def test_an_items_vector_is_its_own_beside_that_of_its_tile(network):
    with torch.no_grad():
        whole = network.vectors(torch.arange(N_ITEMS))
        some = network.vectors(torch.tensor([[4, 9], [9, 4]]))
    torch.testing.assert_close(whole[:, :8], network.item.weight * 8**0.5)
    torch.testing.assert_close(some, whole[torch.tensor([[4, 9], [9, 4]])])
    tile = network.get_buffer("tile")
    same = tile[:, None] == tile
    apart = (whole[:, None, 8:] - whole[:, 8:]).abs().amax(dim=2) > 1e-6
    assert torch.equal(same, ~apart)
    assert 1 < len(tile.unique()) < N_ITEMS


def normed(x, weights):
    x = (x - x.mean(axis=-1, keepdims=True)) / np.sqrt(x.var(axis=-1, keepdims=True) + 1e-5)
    return x * weights["weight"] + weights["bias"]


def below(weights, name):
    """The weights of a part of the network, by their names in it."""
    return {key.removeprefix(f"{name}."): value for key, value in weights.items() if key.startswith(f"{name}.")}


def block(weights, x, n_heads, is_seen):
    """A Transformer block over x [T, d], whose row t sees those where `is_seen` [T, T]."""
    attention = below(weights, "self_attn")
    projected = x @ attention["in_proj_weight"].T + attention["in_proj_bias"]
    heads = []
    for part in np.split(projected.reshape(len(x), 3, n_heads, -1), n_heads, axis=2):
        query, key, value = part[:, :, 0].transpose(1, 0, 2)
        logits = np.where(is_seen, query @ key.T / np.sqrt(query.shape[1]), -np.inf)
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        heads.append(shares / shares.sum(axis=1, keepdims=True) @ value)
    found = np.concatenate(heads, axis=1) @ attention["out_proj.weight"].T + attention["out_proj.bias"]
    x = normed(x + found, below(weights, "norm1"))
    inner = np.maximum(x @ weights["linear1.weight"].T + weights["linear1.bias"], 0)
    return normed(x + inner @ weights["linear2.weight"].T + weights["linear2.bias"], below(weights, "norm2"))


def vector_by_hand(weights, item, pieces):
    """An item's own vector beside the mean of what the geography encoder makes of its pieces."""
    x = weights["piece.weight"][pieces] * np.sqrt(10) + weights["place_in_key"]
    x = block(below(weights, "geography.layers.0"), x, 1, np.ones((len(x), len(x)), dtype=bool))
    return np.concatenate([weights["item.weight"][item] * np.sqrt(6), x.mean(axis=0)])


def states_by_hand(weights, vectors):
    """Causal blocks over the vectors and the Transformer's positions."""
    steps, dim = vectors.shape
    angles = np.arange(steps)[:, None] / 10_000 ** (np.arange(0, dim, 2) / dim)
    positions = np.stack([np.sin(angles), np.cos(angles)], axis=2).reshape(steps, dim)
    x = vectors * np.sqrt(dim) + positions
    for layer in range(2):
        x = block(below(weights, f"blocks.layers.{layer}"), x, 2, np.tri(steps, dtype=bool))
    return x


def test_vectors_and_states_are_those_of_the_equations(tmp_path):
    torch.manual_seed(0)
    model = build(task_in(tmp_path, make_options("geosan", model={"dropout": 0.0, "item_dim": 6, "geography_dim": 10})))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.3 * torch.randn_like(parameter)
    weights = {name: value.double().numpy() for name, value in model.state_dict().items()}
    pieces, tile = model.get_buffer("pieces").numpy(), model.get_buffer("tile").numpy()
    items = [4, 17, 4, 9, 28]
    with torch.no_grad():
        vectors = model.eval().vectors(torch.tensor([items]))
        states = model.states(vectors)
    expected = np.array([vector_by_hand(weights, item, pieces[tile[item]]) for item in items])
    np.testing.assert_allclose(vectors[0], expected, atol=1e-5)
    np.testing.assert_allclose(states[0], states_by_hand(weights, expected), atol=1e-5)


def test_the_decoder_by_hand(network):
    """softmax(e . S / sqrt(d)) over what a candidate may know of, added to the last state, normed, times e."""
    states, candidate = torch.randn(1, 3, 16), torch.randn(1, 1, 16)
    with torch.no_grad():
        network.norm.weight.uniform_(0.5, 2)
        found = network.match(states, states[:, 1:2], candidate, torch.tensor([[[True, True, False]]]))
        shares = (states[0, :2] @ candidate[0, 0] / 4).softmax(0)
        expected = network.norm(shares @ states[0, :2] + states[0, 1]) @ candidate[0, 0]
    assert float(found) == pytest.approx(float(expected), rel=1e-5)


def test_negatives_are_near_and_never_the_target(network, task, monkeypatch):
    asked = []
    vectors = network.vectors
    monkeypatch.setattr(network, "vectors", lambda items: asked.append(items) or vectors(items))
    windows = Windows.from_interactions(network, task.interactions, 5)
    batch = windows.batch(windows.ends)
    network.loss(batch)
    (items,) = asked
    learned = torch.from_numpy(batch.is_learned)
    targets, negatives = items[learned][:, 1], items[learned][:, 2:]
    assert targets.tolist() == batch.following[batch.is_learned].tolist()
    assert (negatives != targets[:, None]).all()
    nearest = network.get_buffer("nearest")[targets]  # (N, 8)
    assert (negatives.unsqueeze(2) == nearest.unsqueeze(1)).any(dim=2).all()
    assert len(negatives.unique()) > 8


def test_a_low_temperature_leaves_the_hardest_negative(tmp_path):
    losses = {}
    for temperature in (1e-3, 1e3):
        negatives = {"count": 3, "nearest": 8, "temperature": temperature}
        task = task_in(tmp_path, make_options("geosan", model={"dropout": 0.0}, negatives=negatives))
        torch.manual_seed(0)
        model = build(task)
        windows = Windows.from_interactions(model, task.interactions, 5)
        torch.manual_seed(1)
        losses[temperature] = model.loss(windows.batch(windows.ends)).item()
    assert losses[1e-3] > losses[1e3]
