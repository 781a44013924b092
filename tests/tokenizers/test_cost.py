import math

import pytest
import torch
import torch.nn.functional as F
from pydantic import ValidationError

from semtok.tokenizers.cost import CoST, contrastive_loss


def test_contrast_by_hand():
    # Cosines: x_1 with xhat_1, xhat_2: 1/sqrt 2, 0; x_2: 1/sqrt 2, 1. With tau = 0.5 they double.
    x = torch.tensor([[3.0, 0.0], [0.0, 1.0]])
    decoded = torch.tensor([[1.0, 1.0], [0.0, 7.0]])
    root = math.sqrt(2)
    first = -math.log(math.exp(root) / (math.exp(root) + 1))
    second = -math.log(math.exp(2) / (math.exp(root) + math.exp(2)))
    assert contrastive_loss(x, decoded, 0.5).item() == pytest.approx((first + second) / 2, rel=1e-6)


def test_contrast_is_cross_entropy_of_the_rows_with_diagonal_labels():
    x, decoded = torch.randn(2, 9, 5, generator=torch.Generator().manual_seed(0))
    logits = torch.stack([F.cosine_similarity(row[None], decoded) for row in x]) / 0.1
    torch.testing.assert_close(contrastive_loss(x, decoded, 0.1), F.cross_entropy(logits, torch.arange(9)))
    # One direction only: the columns would give another number.
    assert not torch.isclose(contrastive_loss(x, decoded, 0.1), F.cross_entropy(logits.T, torch.arange(9)))


def test_contrast_ignores_lengths_and_has_its_bounds():
    x = torch.eye(6)
    assert contrastive_loss(x, 100 * x, 0.1).item() == pytest.approx(contrastive_loss(x, x, 0.1).item())
    assert contrastive_loss(x, torch.ones(6, 6), 0.1).item() == pytest.approx(math.log(6))
    # At best, with tau = 1, all others opposite: log(1 + (B - 1) e^-2), here for B = 2.
    opposite = torch.tensor([[1.0], [-1.0]])
    assert contrastive_loss(opposite, opposite, 1.0).item() == pytest.approx(math.log(1 + math.exp(-2)))


def test_gradient_flows_through_the_decoder_only():
    x = torch.randn(4, 3, requires_grad=True)
    decoded = torch.randn(4, 3, requires_grad=True)
    contrastive_loss(x, decoded, 0.1).backward()
    assert x.grad is None
    assert decoded.grad.abs().sum() > 0


def test_masked_duplicates_are_no_negatives_of_each_other():
    generator = torch.Generator().manual_seed(0)
    x, decoded = torch.randn(2, 5, 4, generator=generator)
    x[3] = 2 * x[1]
    logits = F.normalize(x, dim=1) @ F.normalize(decoded, dim=1).T / 0.1
    logits[1, 3] = logits[3, 1] = -1e9
    expected = F.cross_entropy(logits, torch.arange(5))
    torch.testing.assert_close(contrastive_loss(x, decoded, 0.1, mask_duplicates=True), expected)
    assert contrastive_loss(x, decoded, 0.1) > expected


def test_masking_all_negatives_leaves_no_loss():
    assert contrastive_loss(torch.ones(3, 2), torch.randn(3, 2), 0.1, mask_duplicates=True).item() == 0


@pytest.mark.parametrize(
    ("changed", "weights"),
    [
        ({}, {"contrast": 0.1, "quantization": 1}),
        ({"contrastive_weight": 0.7}, {"contrast": 0.7, "quantization": 1}),
        ({"reconstruction": True}, {"contrast": 0.1, "quantization": 1, "reconstruction": 1}),
        (
            {"reconstruction": True, "quantization_terms": 2},
            {"contrast": 0.1, "quantization": 2, "reconstruction": 1},
        ),
    ],
)
def test_loss_is_the_weighted_sum_of_its_terms(cost, changed, weights):
    torch.manual_seed(0)
    model = CoST(6, cost(**changed))
    losses = model.losses(torch.randn(9, 6), torch.arange(9))
    assert set(losses) == {"loss", *weights}
    expected = sum(weight * losses[name] for name, weight in weights.items())
    torch.testing.assert_close(losses["loss"], expected)


def test_terms_are_those_of_the_equations(cost):
    torch.manual_seed(0)
    model = CoST(6, cost(reconstruction=True, temperature=0.3))
    x = torch.randn(9, 6)
    losses = model.losses(x, torch.arange(9))
    decoded, quantized = model(x)
    torch.testing.assert_close(losses["contrast"], contrastive_loss(x, decoded, 0.3))
    torch.testing.assert_close(losses["quantization"], quantized.loss)
    torch.testing.assert_close(losses["reconstruction"], (x - decoded).square().sum(dim=1).mean())


def test_two_quantization_terms_need_the_sum(cost):
    with pytest.raises(ValidationError, match="needs reconstruction"):
        cost(quantization_terms=2)
