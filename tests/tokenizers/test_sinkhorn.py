import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from semtok.tokenizers import sinkhorn
from semtok.tokenizers.residual_quantizer import nearest
from semtok.tokenizers.sinkhorn import balanced, centred, transport


def costs(n, size, seed):
    return centred(torch.rand(n, size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64))


def by_definition(costs, epsilon, iterations):
    """Sinkhorn's iterations as they are printed: rows to 1/n, columns to 1/K, in turn."""
    plan = np.exp(-costs.numpy() / epsilon)
    for _ in range(iterations):
        plan = plan / plan.sum(axis=1, keepdims=True) / plan.shape[0]
        plan = plan / plan.sum(axis=0, keepdims=True) / plan.shape[1]
    return plan


@pytest.mark.parametrize("iterations", [1, 2, 7, 50, 51, 120])
def test_plan_is_that_of_the_printed_iterations(iterations):
    plan = transport(costs(7, 5, 0), 0.05, iterations)
    np.testing.assert_allclose(plan.numpy(), by_definition(costs(7, 5, 0), 0.05, iterations), rtol=1e-9)


def test_returns_to_logarithms_change_nothing(monkeypatch):
    expected = transport(costs(9, 6, 1), 0.03, 60)
    monkeypatch.setattr(sinkhorn, "SCALINGS", 4)
    torch.testing.assert_close(transport(costs(9, 6, 1), 0.03, 60), expected)


def enough(costs):
    """Iterations after which rows are within 1e-7 of their marginal.

    By the theorem of Birkhoff and Hopf each brings the scalings nearer to their limit, in Hilbert's metric, by
    tanh(theta / 4)^2, where theta is the logarithm of the largest cross-ratio (Peyre and Cuturi, Computational Optimal
    Transport, 2019, theorem 4.2).
    """
    differences = costs[:, None, :] - costs[None]  # [n, n, K]
    theta = float((differences.max(axis=-1) - differences.min(axis=-1)).max())
    return int(np.log(1e-7 / max(theta, 1e-7)) / np.log(np.tanh(theta / 4) ** 2)) + 1 if theta else 1


@settings(max_examples=25)
@example(2, 2, 0.2, 0)  # after 300 iterations a thousandth off: nearly a permutation
@given(st.integers(1, 12), st.integers(1, 12), st.sampled_from([0.2, 0.5, 2.0]), st.integers(0, 99))
def test_marginals(n, size, epsilon, seed):
    cost = costs(n, size, seed)
    plan = transport(cost, epsilon, max(300, enough(cost.numpy() / epsilon)))
    np.testing.assert_allclose(plan.sum(dim=0).numpy(), 1 / size, rtol=1e-12)
    np.testing.assert_allclose(plan.sum(dim=1).numpy(), 1 / n, rtol=1e-6)
    assert (plan >= 0).all()


def test_plan_has_the_form_of_the_optimum():
    # A plan of these marginals is the optimum exactly if ln Q + C / epsilon is a sum of a row's and a column's number.
    plan = transport(costs(8, 6, 2), 0.1, 800)
    form = plan.log() + costs(8, 6, 2) / 0.1
    residue = form - form.mean(dim=0) - form.mean(dim=1, keepdim=True) + form.mean()
    assert residue.abs().max() < 1e-9


@pytest.mark.parametrize("n", [2, 3, 5, 7])
@pytest.mark.parametrize("seed", range(3))
def test_limit_of_small_epsilon_is_the_linear_assignment(n, seed):
    cost = costs(n, n, seed)
    plan = transport(cost, 0.02, 2000)
    rows, columns = linear_sum_assignment(cost.numpy())
    least = cost[rows, columns].mean().item()
    found = (plan * cost).sum().item()
    # The entropy of a plan lies between ln n and 2 ln n, and the optimum's is worth what it costs.
    assert least - 1e-3 < found <= least + 0.02 * np.log(n) + 1e-3


@pytest.mark.parametrize("seed", range(3))
def test_codes_of_as_many_points_as_codewords_are_the_linear_assignment(seed):
    generator = torch.Generator().manual_seed(seed)
    points, book = torch.randn(6, 3, generator=generator), torch.randn(6, 3, generator=generator)
    distances = torch.cdist(points.double(), book.double()).square().numpy()
    assert balanced(points, book, 0.01, 3000).tolist() == linear_sum_assignment(distances)[1].tolist()


def test_points_are_spread_evenly():
    generator = torch.Generator().manual_seed(0)
    points, book = torch.randn(512, 4, generator=generator), 3 * torch.randn(16, 4, generator=generator)
    lone, even = (
        torch.bincount(codes, minlength=16) for codes in (nearest(points, book), balanced(points, book, 0.003, 500))
    )
    assert lone.max() > 100
    assert even.min() >= 28
    assert even.max() <= 36


def test_of_equal_shares_the_nearest_is_taken():
    # Two points, of whose six codewords three are each one's own: the nearest of these.
    points = torch.tensor([[-1.0], [1.0]])
    book = torch.tensor([[9.0], [-7.0], [-2.0], [-5.0], [3.0], [5.0]])
    assert balanced(points, book, 0.003, 50).tolist() == [2, 4]
    # Equal points share every codeword.
    assert balanced(torch.ones(2, 1), book, 0.003, 50).tolist() == [4, 4]


@pytest.mark.parametrize("epsilon", [1e-6, 0.003, 100.0])
def test_extreme_epsilons_give_numbers(epsilon):
    generator = torch.Generator().manual_seed(0)
    points, book = 1e4 * torch.randn(40, 4, generator=generator), torch.randn(12, 4, generator=generator)
    plan = transport(centred(torch.cdist(points, book).square()), epsilon, 200)
    assert plan.isfinite().all()
    np.testing.assert_allclose(plan.sum().item(), 1)


def test_centred_by_hand():
    assert centred(torch.tensor([[1.0, 2.0], [5.0, 3.0]])).tolist() == [[-1, -0.5], [1, 0]]
    assert centred(torch.full((2, 3), 4.0)).tolist() == [[0] * 3] * 2
