import math

import pytest
import torch

from semtok.tokenizers.fusion import Fusion


def everything(batch, modalities):
    return torch.ones(batch, modalities, dtype=torch.bool)


def test_query_by_hand():
    fusion = Fusion(2, "query")
    with torch.no_grad():
        fusion.score.weight.copy_(torch.tensor([[1.0, 0.0]]))
    # Scores 0 and ln 3: weights 1/4 and 3/4.
    latents = torch.tensor([[[0.0, 4.0], [math.log(3), 8.0]]])
    assert fusion(latents, everything(1, 2))[0].tolist() == pytest.approx([0.75 * math.log(3), 7.0])
    # Without the second modality, the first is all.
    assert fusion(latents, torch.tensor([[True, False]]))[0].tolist() == [0.0, 4.0]


def test_tanh_scores_are_those_of_the_released_code():
    fusion = Fusion(3, "tanh")
    latents = torch.randn(5, 4, 3, generator=torch.Generator().manual_seed(0))
    first, _, last = fusion.score
    scores = (latents @ first.weight.T + first.bias).tanh() @ last.weight[0]
    expected = (scores.softmax(dim=1)[..., None] * latents).sum(dim=1)
    torch.testing.assert_close(fusion(latents, everything(5, 4)), expected)


def test_mean_is_that_of_the_modalities_that_the_item_has():
    latents = torch.tensor([[[1.0], [3.0], [8.0]]])
    assert Fusion(1, "mean")(latents, torch.tensor([[True, True, False]])).item() == 2
    assert list(Fusion(1, "mean").parameters()) == []


@pytest.mark.parametrize("kind", ["query", "tanh", "mean"])
def test_order_of_the_modalities_does_not_matter(kind):
    fusion = Fusion(4, kind)
    latents = torch.randn(6, 3, 4, generator=torch.Generator().manual_seed(0))
    present = torch.tensor([[True, True, False], [False, True, True]]).repeat(3, 1)
    order = torch.tensor([2, 0, 1])
    torch.testing.assert_close(fusion(latents, present), fusion(latents[:, order], present[:, order]))


@pytest.mark.parametrize("kind", ["query", "tanh", "mean"])
def test_a_missing_modality_changes_nothing_and_learns_nothing(kind):
    fusion = Fusion(4, kind)
    present = torch.tensor([[True, False], [False, True], [True, True]])
    latents = torch.randn(3, 2, 4, generator=torch.Generator().manual_seed(0))
    other = torch.where(present[..., None], latents, 1e3)
    torch.testing.assert_close(fusion(latents, present), fusion(other, present), rtol=0, atol=0)
    latents.requires_grad_()
    fusion(latents, present).square().sum().backward()
    assert not latents.grad[~present].any()
    assert latents.grad[present].abs().sum(dim=1).all()
    assert all(parameter.grad.isfinite().all() for parameter in fusion.parameters())
