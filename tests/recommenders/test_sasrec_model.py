import pytest
import torch
from torch import nn

from semtok.config.recommenders import SelfAttentionOptions
from semtok.recommenders.sasrec_model import SASRecNetwork

N_ITEMS, MAX_ITEMS = 30, 12


def make_options(**changed):
    values = {"n_layers": 2, "n_heads": 2, "hidden_dim": 16, "inner_dim": 24, "dropout": 0.0}
    values |= {"attention_dropout": 0.0, "activation": "gelu", "norm_first": False}
    return SelfAttentionOptions(**{**values, **changed})


def make_network(**changed):
    torch.manual_seed(2)
    network = SASRecNetwork(make_options(**changed), N_ITEMS, MAX_ITEMS)
    with torch.no_grad():  # away from zero biases and unit scales, so that a lost one shows
        for parameter in network.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    return network.eval()


def reference(network, options):
    """The same computation by torch's own encoder layers."""
    layers = []
    for block in network.blocks:
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
        found = network.item.weight[items] + network.position.weight[: items.shape[1]]
        found = found if options.norm_first else network.norm(found)
        mask = nn.Transformer.generate_square_subsequent_mask(items.shape[1])
        for layer in layers:
            found = layer(found, src_mask=mask, is_causal=True)
        return network.norm(found) if options.norm_first else found

    return states


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("activation", ["gelu", "relu"])
def test_states_agree_with_torchs_encoder(norm_first, activation):
    changed = {"norm_first": norm_first, "activation": activation}
    network = make_network(**changed)
    items = torch.randint(N_ITEMS, (5, MAX_ITEMS))
    with torch.no_grad():
        expected = reference(network, make_options(**changed))(items)
        torch.testing.assert_close(network(items), expected, atol=1e-5, rtol=1e-4)


def test_scores_are_products_with_the_vectors_that_items_come_in_by():
    network = make_network()
    states = torch.randn(3, 16)
    expected = torch.stack([(network.item.weight * state).sum(dim=1) for state in states])
    torch.testing.assert_close(network.scores(states), expected)
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
        make_options(n_heads=3)
