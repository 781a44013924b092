import pytest
import torch

from semtok.recommenders.kernels import (
    attend,
    attention_weights,
    causal_pieces,
    dropout,
    keep_mask,
    relu_dropout,
    rms_norm,
)


def test_mask_keeps_the_mean_and_the_share():
    mask = keep_mask(torch.empty(400, 500), 0.1)
    assert mask.unique().tolist() == [0.0, pytest.approx(1 / 0.9, rel=1e-4)]
    assert float((mask == 0).float().mean()) == pytest.approx(0.1, abs=0.003)
    assert float(mask.mean()) == pytest.approx(1.0, abs=0.004)
    by_row = (mask == 0).float().mean(0)
    assert 0.03 < float(by_row.min()) < float(by_row.max()) < 0.19


def test_masks_follow_the_seed_and_differ_from_each_other():
    torch.manual_seed(4)
    first, second = keep_mask(torch.empty(50, 7), 0.5), keep_mask(torch.empty(50, 7), 0.5)
    torch.manual_seed(4)
    assert torch.equal(first, keep_mask(torch.empty(50, 7), 0.5))
    assert not torch.equal(first, second)


def test_no_dropout_is_the_identity():
    x = torch.randn(3, 4)
    assert dropout(x, 0.0) is x


def test_rms_norm_by_hand():
    out = rms_norm(torch.tensor([[3.0, 4.0]]), torch.tensor([1.0, 2.0]))
    torch.testing.assert_close(out, torch.tensor([[3.0, 8.0]]) / 12.5**0.5)


@pytest.mark.parametrize("probability", [0.0, 0.3])
def test_relu_dropout_equals_its_formula(probability):
    x = torch.randn(20, 30, requires_grad=True)
    out_gradient = torch.randn(20, 30)
    torch.manual_seed(1)
    out = relu_dropout(x * 1, probability)
    out.backward(out_gradient)
    gradient, x.grad = x.grad, None
    torch.manual_seed(1)
    expected = x.relu() * (keep_mask(x, probability) if probability else 1.0)
    expected.backward(out_gradient)
    torch.testing.assert_close(out, expected)
    torch.testing.assert_close(gradient, x.grad)


@pytest.mark.parametrize("probability", [0.0, 0.3])
@pytest.mark.parametrize("with_bias", [False, True])
@pytest.mark.parametrize("with_mask", [False, True])
def test_attention_weights_equal_their_formula(probability, with_bias, with_mask):
    logits = torch.randn(3, 2, 4, 5, requires_grad=True)
    bias = torch.randn(2, 4, 5, requires_grad=True) if with_bias else None
    mask = torch.zeros(3, 1, 1, 5) if with_mask else None
    if mask is not None:
        mask[1, :, :, 3:] = -torch.inf
    out_gradient = torch.randn(3, 2, 4, 5)

    def gradients(out):
        inputs = [logits] if bias is None else [logits, bias]
        return torch.autograd.grad(out, inputs, out_gradient)

    torch.manual_seed(1)
    out = attention_weights(logits * 1, bias, mask, probability)
    found = gradients(out)
    torch.manual_seed(1)
    shifted = logits + (0 if bias is None else bias) + (0 if mask is None else mask)
    expected = shifted.softmax(-1) * (keep_mask(logits, probability) if probability else 1.0)
    torch.testing.assert_close(out, expected)
    for gradient, truth in zip(found, gradients(expected), strict=True):
        torch.testing.assert_close(gradient, truth)
    if with_mask:
        assert float(out[1, :, :, 3:].detach().abs().max()) == 0


@pytest.mark.parametrize("length", [1, 64, 65, 200])
def test_attention_in_pieces_is_attention(length):
    query, key, value = torch.randn(3, 2, 4, length, 8).unbind(0)
    bias = torch.randn(4, length, length).masked_fill(torch.ones(length, length).triu(1) > 0, -torch.inf)
    mask = torch.zeros(2, 1, length, length).masked_fill_(torch.rand(2, 1, length, length) < 0.3, -torch.inf)
    mask[..., 0] = 0
    pieces = causal_pieces(length, torch.device("cpu"))
    assert pieces[-1] == (length, length)
    for part in (mask, mask[:, :, :1], None):
        expected = torch.nn.functional.scaled_dot_product_attention(
            query, key, value, bias + (0 if part is None else part), scale=1.0
        )
        torch.testing.assert_close(attend(query, key, value, bias, part, 0.0, pieces), expected)
