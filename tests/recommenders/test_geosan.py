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
