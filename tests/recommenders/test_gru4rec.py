import numpy as np
import pandas as pd
import pytest
import torch

from semtok.config.over_ids import GRUOptions
from semtok.recommenders.gru4rec import GRU4RecNetwork
from semtok.recommenders.windows import Windows

N_ITEMS = 9


def make_network(n_layers=1, dropout=0.0):
    torch.manual_seed(2)
    options = GRUOptions(n_layers=n_layers, embedding_dim=4, hidden_dim=3, dropout=dropout)
    network = GRU4RecNetwork(options, N_ITEMS)
    with torch.no_grad():  # large enough that no gate stays half open
        network.item.weight.normal_(std=2)
    return network.eval()


def sigmoid(values):
    return 1 / (1 + np.exp(-values))


def by_hand(network, items):
    """The equations of the module, step by step, in float64; the weights of the gates lie one below the other."""
    weights = {name: weight.numpy().astype(np.float64) for name, weight in network.state_dict().items()}
    inputs = list(weights["item.weight"][items])
    for layer in range(network.gru.num_layers):
        of_reset, of_update, of_new = np.split(weights[f"gru.weight_ih_l{layer}"], 3)
        from_reset, from_update, from_new = np.split(weights[f"gru.weight_hh_l{layer}"], 3)
        state, states = np.zeros(3), []
        for vector in inputs:
            reset = sigmoid(of_reset @ vector + from_reset @ state)
            update = sigmoid(of_update @ vector + from_update @ state)
            new = np.tanh(of_new @ vector + reset * (from_new @ state))
            state = (1 - update) * new + update * state
            states.append(state)
        inputs = states
    return np.array(inputs) @ weights["project.weight"].T + weights["project.bias"]


@pytest.mark.parametrize("n_layers", [1, 2])
def test_states_and_scores_by_hand(n_layers):
    network = make_network(n_layers)
    items = torch.tensor([[3, 1, 4, 1, 5], [8, 0, 7, 0, 6]])
    with torch.no_grad():
        states = network(items)
        scores = network.scores_after(states[:, -1])
    for row, found, last in zip(items, states, scores, strict=True):
        expected = by_hand(network, row)
        np.testing.assert_allclose(found, expected, atol=1e-5)
        np.testing.assert_allclose(last, network.item.weight.detach().numpy() @ expected[-1], atol=1e-5)


def test_a_gate_that_is_closed_keeps_the_state():
    """With an update gate of 1 nothing is read; with one of 0 and no reset, the state is of the last item alone."""
    network = make_network()
    with torch.no_grad():
        network.item.weight.copy_(torch.ones(N_ITEMS, 1) * torch.tensor([[1.0, 0, 0, 0]]))
        network.item.weight[:, 1] = torch.arange(N_ITEMS)
        network.gru.weight_ih_l0.zero_()
        network.gru.weight_ih_l0[3:6, 0] = 50.0  # update gates
        network.gru.weight_ih_l0[6:, 1] = 0.1
        assert torch.equal(network(torch.tensor([[1, 2, 3]]))[0, -1], network.project.bias)
        network.gru.weight_ih_l0[3:6, 0] = -50.0
        network.gru.weight_ih_l0[0:3, 0] = -50.0  # reset gates
        last = network.project(torch.full((3,), 0.3).tanh())
        torch.testing.assert_close(network(torch.tensor([[1, 2, 3]]))[0, -1], last)
        torch.testing.assert_close(network(torch.tensor([[8, 7, 3]]))[0, -1], last)


def test_loss_by_hand():
    interactions = pd.DataFrame({"user": [0, 0, 0], "item": [1, 0, 2], "split": ["train"] * 3})
    torch.manual_seed(0)
    model = GRU4RecNetwork(GRUOptions(n_layers=1, embedding_dim=4, hidden_dim=3, dropout=0.0), 3)
    scores = np.exp(by_hand(model, [1, 0]) @ model.item.weight.detach().numpy().T)
    expected = -np.log(scores[0, 0] / scores[0].sum()) - np.log(scores[1, 2] / scores[1].sum())
    windows = Windows.from_interactions(model, interactions, 4)
    assert float(windows.backward(np.array([0]), 2)) == pytest.approx(expected, rel=1e-5)


def test_dropout_of_the_items_only_while_training():
    network = make_network(dropout=0.5)
    items = torch.randint(N_ITEMS, (2, 6))
    assert torch.equal(network(items), network(items))
    network.train()
    assert not torch.equal(network(items), network(items))
