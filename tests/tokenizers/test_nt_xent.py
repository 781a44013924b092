import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from semtok.tokenizers.nt_xent import log_sum_exp, nt_xent


def units(*shape, seed=0):
    return F.normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64), dim=-1)


def plain(u, views, rows, groups, tau, mask=False):
    """The equation, pair by pair."""
    losses = {}
    for name, view in views.items():
        having = rows[name].tolist()
        v = {item: view[group] for item, group in zip(having, groups[name].tolist(), strict=True)}
        group = dict(zip(having, groups[name].tolist(), strict=True))
        terms = []
        for i in having:
            left_out = {j for j in having if mask and j != i and group[j] == group[i]}
            among = sum(math.exp(u[i] @ u[j] / tau) for j in range(len(u)) if j != i and j not in left_out)
            among += sum(math.exp(u[i] @ v[j] / tau) for j in having if j not in left_out)
            terms.append(-math.log(math.exp(u[i] @ v[i] / tau) / among))
        losses[name] = sum(terms) / len(terms)
    return losses


def test_loss_by_hand():
    # Two items in the plane: u = (1,0), (0,1); v = (0.6,0.8), (0,1); tau = 0.5 doubles the cosines.
    # Item 1: positive 0.6; denominator u_1.u_2 = 0, u_1.v_1 = 0.6, u_1.v_2 = 0.
    # Item 2: positive 1; denominator u_2.u_1 = 0, u_2.v_1 = 0.8, u_2.v_2 = 1.
    u = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    v = torch.tensor([[0.6, 0.8], [0.0, 1.0]])
    both = torch.tensor([0, 1])
    first = -math.log(math.exp(1.2) / (1 + math.exp(1.2) + 1))
    second = -math.log(math.exp(2) / (1 + math.exp(1.6) + math.exp(2)))
    losses = nt_xent(u, {"text": v}, {"text": both}, {"text": both}, 0.5)
    assert losses["text"].item() == pytest.approx((first + second) / 2, rel=1e-6)


def test_an_item_without_the_modality_is_a_quantized_negative_only():
    # Item 2 lacks the view: no term of its own, no v_2; u_2 stays.
    u = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    v, one = torch.tensor([[0.6, 0.8]]), torch.tensor([0])
    losses = nt_xent(u, {"text": v}, {"text": one}, {"text": one}, 0.5)
    assert losses["text"].item() == pytest.approx(-math.log(math.exp(1.2) / (1 + math.exp(1.2))), rel=1e-6)


def test_one_item_alone_costs_nothing():
    one = torch.tensor([0])
    assert nt_xent(units(1, 3), {"text": units(1, 3, seed=1)}, {"text": one}, {"text": one}, 0.1)["text"].item() == 0


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 7), st.integers(1, 4), st.sampled_from([0.05, 0.1, 1.0]), st.booleans(), st.data())
def test_against_the_equation_pair_by_pair(batch, dim, tau, mask, data):
    seed = data.draw(st.integers(0, 99))
    views, rows, groups = {}, {}, {}
    for number, name in enumerate(("collaborative", "text")):
        having = sorted(data.draw(st.sets(st.integers(0, batch - 1), min_size=1)))
        chosen = data.draw(st.lists(st.integers(0, 3), min_size=len(having), max_size=len(having)))
        numbers = {group: place for place, group in enumerate(sorted(set(chosen)))}
        views[name] = units(len(numbers), dim, seed=seed + number + 1)
        rows[name] = torch.tensor(having)
        groups[name] = torch.tensor([numbers[group] for group in chosen])
    u = units(batch, dim, seed=seed)
    losses = nt_xent(u, views, rows, groups, tau, mask)
    assert {name: loss.item() for name, loss in losses.items()} == pytest.approx(
        plain(u, views, rows, groups, tau, mask), rel=1e-9, abs=1e-9
    )


def test_float32_at_a_low_temperature_is_float64():
    u, v, every = units(50, 8), units(50, 8, seed=1), torch.arange(50)
    exact = nt_xent(u, {"text": v}, {"text": every}, {"text": every}, 0.01)["text"]
    single = nt_xent(u.float(), {"text": v.float()}, {"text": every}, {"text": every}, 0.01)["text"]
    assert single.item() == pytest.approx(exact.item(), rel=1e-4)


@pytest.mark.parametrize("mask", [False, True])
def test_gradients_flow_through_both_sides(mask):
    u, v, w = units(5, 3), units(5, 3, seed=1), units(2, 3, seed=2)
    rows = {"text": torch.arange(5), "image": torch.tensor([0, 2, 3])}
    groups = {"text": torch.arange(5), "image": torch.tensor([0, 1, 0])}

    def total(u, v, w):
        return sum(nt_xent(u, {"text": v, "image": w}, rows, groups, 0.3, mask).values())

    inputs = [tensor.requires_grad_() for tensor in (u, v, w)]
    assert torch.autograd.gradcheck(total, inputs)
    total(*inputs).backward()
    assert all(tensor.grad.abs().sum() > 0 for tensor in inputs)


def test_log_sum_exp_is_torchs():
    anchors, candidates = units(6, 3).requires_grad_(), units(4, 3, seed=1).requires_grad_()
    weights = torch.tensor([1.0, 2.0, 5.0, 0.5]).double().log()
    excluded = torch.rand(6, 4, generator=torch.Generator().manual_seed(0)) < 0.3
    excluded[2] = True
    logits = (anchors @ candidates.T + weights).masked_fill(excluded, -torch.inf)
    ours = log_sum_exp(anchors, candidates, weights, excluded)
    kept = ~excluded.all(dim=1)
    torch.testing.assert_close(ours[kept], logits.logsumexp(dim=1)[kept])
    assert ours[2] < -1e300
    gradient = torch.rand(int(kept.sum()), generator=torch.Generator().manual_seed(1)).double()
    mine = torch.autograd.grad(ours[kept], (anchors, candidates), gradient)
    peers = torch.autograd.grad(logits[kept].logsumexp(dim=1), (anchors, candidates), gradient)
    torch.testing.assert_close(mine, peers)


def test_permuting_the_items_changes_nothing():
    u, v, order = units(6, 3), units(6, 3, seed=1), torch.tensor([3, 1, 5, 0, 2, 4])
    every = torch.arange(6)
    before = nt_xent(u, {"text": v}, {"text": every}, {"text": every}, 0.1)["text"]
    after = nt_xent(u[order], {"text": v[order]}, {"text": every}, {"text": every}, 0.1)["text"]
    torch.testing.assert_close(before, after)


def test_other_modalities_are_no_negatives():
    u, v, every = units(6, 3), units(6, 3, seed=1), torch.arange(6)
    alone = nt_xent(u, {"text": v}, {"text": every}, {"text": every}, 0.1)
    both = nt_xent(
        u, {"text": v, "image": units(6, 3, seed=2)}, dict.fromkeys(("text", "image"), every),
        dict.fromkeys(("text", "image"), every), 0.1,
    )  # fmt: skip
    assert both["text"] == alone["text"]
