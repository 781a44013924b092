import time

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from semtok.config.over_ids import SelfAttentionOptions
from semtok.recommenders import training
from semtok.recommenders.full_ranking import rank_catalogue
from semtok.recommenders.sasrec import SASRecNetwork, decode, train
from semtok.recommenders.sequences import Sequences, target_samples
from semtok.recommenders.task import RecommenderTask
from semtok.recommenders.windows import Windows
from support.sasrec import N_ITEMS, make_options, planted

MAX_ITEMS = 12


def make_size(**changed):
    values = {"n_layers": 2, "n_heads": 2, "hidden_dim": 16, "inner_dim": 24, "dropout": 0.0}
    values |= {"attention_dropout": 0.0, "activation": "gelu", "norm_first": False}
    return SelfAttentionOptions(**{**values, **changed})


def make_network(**changed):
    torch.manual_seed(2)
    network = SASRecNetwork(make_size(**changed), N_ITEMS, MAX_ITEMS)
    with torch.no_grad():  # away from zero biases and unit scales, so that a lost one shows
        for parameter in network.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    return network.eval()


def reference(network, options):
    """The same computation by torch's own encoder layers."""
    layers = []
    for block in network.layers.blocks:
        layer = nn.TransformerEncoderLayer(
            *(options.hidden_dim, options.n_heads, options.inner_dim, 0.0, options.activation),
            batch_first=True,
            norm_first=options.norm_first,
        )
        layer.load_state_dict(
            {
                "self_attn.in_proj_weight": block.attention.project_in.weight,
                "self_attn.in_proj_bias": block.attention.project_in.bias,
                "self_attn.out_proj.weight": block.attention.project_out.weight,
                "self_attn.out_proj.bias": block.attention.project_out.bias,
                "linear1.weight": block.feed_forward.widen.weight,
                "linear1.bias": block.feed_forward.widen.bias,
                "linear2.weight": block.feed_forward.narrow.weight,
                "linear2.bias": block.feed_forward.narrow.bias,
                "norm1.weight": block.attention_norm.weight,
                "norm1.bias": block.attention_norm.bias,
                "norm2.weight": block.feed_forward_norm.weight,
                "norm2.bias": block.feed_forward_norm.bias,
            }
        )
        layers.append(layer.eval())

    def states(items):
        found = network.item.weight[items] + network.layers.position.weight[: items.shape[1]]
        found = found if options.norm_first else network.layers.norm(found)
        mask = nn.Transformer.generate_square_subsequent_mask(items.shape[1])
        for layer in layers:
            found = layer(found, src_mask=mask, is_causal=True)
        return network.layers.norm(found) if options.norm_first else found

    return states


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("activation", ["gelu", "relu"])
def test_states_agree_with_torchs_encoder(norm_first, activation):
    changed = {"norm_first": norm_first, "activation": activation}
    network = make_network(**changed)
    items = torch.randint(N_ITEMS, (5, MAX_ITEMS))
    with torch.no_grad():
        expected = reference(network, make_size(**changed))(items)
        torch.testing.assert_close(network(items), expected, atol=1e-5, rtol=1e-4)


def test_scores_are_products_with_the_vectors_that_items_come_in_by():
    network = make_network()
    states = torch.randn(3, 16)
    expected = torch.stack([(network.item.weight * state).sum(dim=1) for state in states])
    torch.testing.assert_close(network.scores_after(states), expected)
    assert network.state_dict()["item.weight"].shape == (N_ITEMS, 16)


@pytest.mark.parametrize("norm_first", [False, True])
def test_a_later_item_changes_no_earlier_state(norm_first):
    network = make_network(norm_first=norm_first)
    items = torch.randint(N_ITEMS, (2, MAX_ITEMS))
    with torch.no_grad():
        before = network(items)
        for step in range(MAX_ITEMS):
            changed = items.clone()
            changed[:, step] = (changed[:, step] + 1) % N_ITEMS
            after = network(changed)
            assert torch.equal(after[:, :step], before[:, :step])
            assert not torch.allclose(after[:, step:], before[:, step:])
            # What stands behind a history, padding or items, does not reach it either.
            torch.testing.assert_close(network(items[:, : step + 1]), before[:, : step + 1])


def test_order_matters():
    network = make_network()
    items = torch.tensor([[3, 4, 5]])
    assert not torch.allclose(network(items)[:, -1], network(items[:, [1, 0, 2]])[:, -1])


def test_dropout_only_while_training():
    network = make_network(dropout=0.5, attention_dropout=0.5)
    items = torch.randint(N_ITEMS, (2, MAX_ITEMS))
    assert torch.equal(network(items), network(items))
    network.train()
    assert not torch.equal(network(items), network(items))


def test_heads_share_the_width():
    with pytest.raises(ValueError, match="hidden_dim that n_heads = 3 divides"):
        make_size(n_heads=3)


@pytest.fixture
def run(world, tmp_path):
    def run(options, interactions=world[0], targets=world[1], seed=0, name="run"):
        return train(RecommenderTask(options, interactions, targets, seed), tmp_path / f"{name}.pt", name)

    return run


def test_loss_by_hand():
    """Three items, one user: the mean of -log softmax(h_t . e)[next] over both steps."""
    interactions = pd.DataFrame({"user": [0, 0, 0], "item": [1, 0, 2], "split": ["train"] * 3})
    model = SASRecNetwork(make_options(4).model, 3, 4).eval()
    windows = Windows.from_interactions(model, interactions, 4)
    states = model(torch.tensor([[1, 0]]))[0].detach().numpy().astype(np.float64)
    vectors = model.item.weight.detach().numpy().astype(np.float64)
    scores = np.exp(states @ vectors.T)
    expected = -np.log(scores[0, 0] / scores[0].sum()) - np.log(scores[1, 2] / scores[1].sum())
    assert float(windows.backward(np.array([0]), 2)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("norm_first", [False, True])
def test_a_world_of_successors_is_learned_in_seconds(run, norm_first):
    interactions, targets = planted()
    options = make_options(model={"norm_first": norm_first}, epochs=30, validation_every=10)
    started = time.process_time()
    weights, history = run(options, interactions, targets)
    ranks, _ = decode(RecommenderTask(options, interactions, targets, seed=0), weights)
    assert time.process_time() - started < 20
    assert (ranks["rank"] == 1).mean() > 0.95
    assert history["ndcg@10"].dropna().index.tolist() == [9, 19, 29]
    assert history["ndcg@10"].iloc[-1] > 0.95


def test_held_out_items_do_not_reach_the_weights(run, world):
    interactions, targets = world
    test_only = targets[targets["split"] == "test"]
    changed = interactions.copy()
    held_out = changed["split"].isin(["valid", "test"])
    changed.loc[held_out, "item"] = (changed.loc[held_out, "item"] + 13) % N_ITEMS
    weights, history = run(make_options(), targets=test_only, name="a")
    other_weights, other_history = run(make_options(), changed, test_only.assign(item=0), name="b")
    assert all(torch.equal(weight, other_weights[name]) for name, weight in weights.items())
    pd.testing.assert_frame_equal(history, other_history, check_exact=True)
    _, moved = run(make_options(), interactions.assign(item=changed["item"].to_numpy()[::-1]), test_only, name="c")
    assert moved["loss"].tolist() != history["loss"].tolist()


def test_test_targets_do_not_choose_the_checkpoint(run, world):
    _, targets = world
    other = targets.copy()
    other.loc[other["split"] == "test", "item"] = 0
    (weights, _), (other_weights, _) = run(make_options(), name="a"), run(make_options(), targets=other, name="b")
    assert all(torch.equal(weight, other_weights[name]) for name, weight in weights.items())


def test_the_best_checkpoint_is_the_one_of_the_best_recall(run, world):
    options = make_options(epochs=6, learning_rate=0.05)
    weights, history = run(options)
    sequences = Sequences.from_interactions(world[0])
    model = SASRecNetwork(options.model, N_ITEMS, 5)
    model.load_state_dict(weights)
    sample = target_samples(world[1], "valid", sequences)
    ranked = rank_catalogue(model, sequences, sample, 5, 7, 10)
    recall, _ = training.recall_and_ndcg(ranked.rank, 10)
    assert recall == history["recall@10"].max()
    assert len(set(history["recall@10"])) > 1
