import numpy as np
import pytest
import torch

from semtok.config.over_ids import SpatioTemporalGates
from semtok.recommenders.stgn import IntervalGates, STGNNetwork, coupled, separate

SIZE = {"item_dim": 3, "hidden_dim": 4, "dropout": 0.0}


def tensors(*values):
    return [torch.tensor(value) for value in values]


def test_gates_by_hand():
    cell, candidate, enter, keep, near, far = tensors(2.0, -1.0, 0.5, 0.25, 0.4, 0.8)
    # 0.25 * 2 + 0.5 * 0.4 * -1 and 0.25 * 2 + 0.5 * 0.8 * -1
    assert [float(cell) for cell in separate(cell, candidate, enter, keep, near, far)] == pytest.approx([0.3, 0.1])
    # (1 - 0.2) * 2 - 0.2 and (1 - 0.5) * 2 + 0.5 * 0.8 * -1
    assert [float(cell) for cell in coupled(cell, candidate, enter, near, far)] == pytest.approx([1.4, 0.6])


def test_a_coupled_cell_keeps_what_nothing_replaces():
    """A public implementation has i - i in the place of 1 - i, and forgets all."""
    cell, candidate, enter, near, far = tensors(2.0, -1.0, 0.0, 0.9, 0.9)
    assert [float(cell) for cell in coupled(cell, candidate, enter, near, far)] == [2.0, 2.0]
    cell, candidate, enter, near, far = tensors(2.0, -1.0, 1.0, 1.0, 1.0)
    assert [float(cell) for cell in coupled(cell, candidate, enter, near, far)] == [-1.0, -1.0]


@pytest.mark.parametrize("weight", [-30.0, -1.0, 0.0, 1.0, 30.0])
def test_the_first_gate_never_opens_with_the_interval(weight):
    gates = IntervalGates(SpatioTemporalGates(**SIZE, coupled=False))
    torch.nn.init.constant_(gates.first, weight)
    torch.nn.init.constant_(gates.second, weight)
    intervals = torch.linspace(0, 8, 9).view(1, 9, 1)
    near, far = gates(torch.zeros(1, 9, 3), intervals)
    assert (near.diff(dim=1) <= 1e-6).all()
    assert (far.diff(dim=1) * weight >= -1e-5).all()
    expected = torch.sigmoid(gates.items.bias[:4] + torch.sigmoid(-torch.log1p(torch.tensor(weight).exp()) * 5))
    torch.testing.assert_close(near[0, 5], expected)


def network(is_coupled):
    torch.manual_seed(0)
    model = STGNNetwork(SpatioTemporalGates(**SIZE, coupled=is_coupled), None, 6)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.5 * torch.randn_like(parameter)
    return model.eval()


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def by_hand(model, items, hours, km):
    """The equations, in numpy and one check-in at a time."""
    weights = {name: value.double().numpy() for name, value in model.state_dict().items()}
    state = cell = np.zeros(4)
    states = []
    for item, dt, dd in zip(items, np.log1p(hours), np.log1p(km), strict=True):
        x = weights["item.weight"][item]
        both = weights["from_items.weight"] @ x + weights["from_items.bias"] + weights["from_state.weight"] @ state
        gates = {}
        for name, interval in (("time", dt), ("distance", dd)):
            first, second = np.split(weights[f"{name}.items.weight"] @ x + weights[f"{name}.items.bias"], 2)
            never_positive = -np.log1p(np.exp(weights[f"{name}.first"]))
            gates[name] = (
                sigmoid(first + sigmoid(never_positive * interval)),
                sigmoid(second + sigmoid(weights[f"{name}.second"] * interval)),
            )
        near, far = (gates["time"][which] * gates["distance"][which] for which in (0, 1))
        i, c, o, *f = np.split(both, 3 if model.coupled else 4)
        i, c = sigmoid(i), np.tanh(c)
        o = sigmoid(o + weights["output_time"] * dt + weights["output_distance"] * dd)
        if model.coupled:
            told, cell = (1 - i * near) * cell + i * near * c, (1 - i) * cell + i * far * c
        else:
            told, cell = sigmoid(f[0]) * cell + i * near * c, sigmoid(f[0]) * cell + i * far * c
        state = o * np.tanh(told)
        states.append(state)
    return np.array(states)


@pytest.mark.parametrize("is_coupled", [False, True])
def test_states_are_those_of_the_equations(is_coupled):
    model = network(is_coupled)
    items, hours, km = [2, 5, 2, 0], [0.0, 1.5, 300.0, 24.0], [0.0, 0.2, 40.0, 3.0]
    with torch.no_grad():
        found = model(torch.tensor([items]), torch.tensor([hours]), torch.tensor([km]))
        expected = torch.from_numpy(by_hand(model, items, hours, km))
        torch.testing.assert_close(found[0].double(), expected, atol=1e-6, rtol=1e-5)


def test_a_coupled_cell_has_no_forget_gate():
    sizes = [sum(p.numel() for p in network(is_coupled).parameters()) for is_coupled in (False, True)]
    assert sizes[0] - sizes[1] == 4 * (3 + 1 + 4)
