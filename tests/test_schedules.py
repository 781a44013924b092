import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semtok.schedules import annealed, learning_rate


@pytest.mark.parametrize(
    # kappa = ln(0.2 / 0.01) / 800 over 1000 steps and 80% of them; half way of the 800, sqrt(0.2 * 0.01).
    ("step", "alpha"),
    [
        (0, 0.2),
        (400, math.sqrt(0.002)),
        (800, 0.01),
        (801, 0.01),
        (999, 0.01),
        (80, 0.2 * math.exp(-math.log(20) / 10)),
    ],
)
def test_temperature_by_hand(step, alpha):
    assert annealed(step, 1000, 0.2, 0.01, 0.8) == pytest.approx(alpha, rel=1e-12)


@given(st.integers(1, 10_000), st.floats(0.01, 1), st.floats(0.05, 2), st.floats(1e-4, 1), st.data())
def test_temperature_falls_from_start_to_end_and_never_to_zero(n_steps, share, start, ratio, data):
    end = start * ratio
    step = data.draw(st.integers(0, n_steps))
    alpha = annealed(step, n_steps, start, end, share)
    assert 0 < end <= alpha <= start * (1 + 1e-12)
    assert annealed(step + 1, n_steps, start, end, share) <= alpha
    assert annealed(n_steps, n_steps, start, end, share) == pytest.approx(end)


def rates(schedule, n_steps, warmup, peak=1.0):
    return [learning_rate(peak, step, n_steps, schedule, warmup) for step in range(n_steps)]


def test_learning_rate_by_hand():
    # 10% of 20 steps rise; of the 18 that are left, the cosine is at 1 first and at 1/2 half way.
    assert rates("constant", 20, 0.1) == [0.5, *[1.0] * 19]
    cosine = rates("cosine", 20, 0.1)
    assert cosine[:3] == [0.5, 1.0, 1.0]
    assert cosine[11] == pytest.approx(0.5)
    assert cosine[19] == pytest.approx((1 + math.cos(math.pi * 17 / 18)) / 2)
    assert rates("cosine", 20, 0.1, peak=0.003) == pytest.approx([0.003 * rate for rate in cosine])


def test_learning_rate_without_warmup():
    assert rates("cosine", 20, 0.0)[0] == 1
    assert set(rates("constant", 10, 0.0)) == {1.0}
