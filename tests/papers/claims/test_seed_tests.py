import numpy as np
import pytest
from scipy import stats

from semtok.papers.claims.seed_tests import paired, welch


def test_welch_agrees_with_scipy():
    first, second = [0.3, 0.32, 0.28], [0.2, 0.25, 0.21, 0.22]
    found = welch(first, second, 0.95)
    test = stats.ttest_ind(first, second, equal_var=False)
    assert found.value == pytest.approx(np.mean(first) - np.mean(second))
    assert found.p == pytest.approx(test.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(test.confidence_interval(0.95)))
    assert found.low < found.value < found.high


def test_paired_by_hand():
    found = paired([3.0, 5.0], [1.0, 1.0], 0.95)
    # Differences 2 and 4: mean 3, standard error 1, and t with one degree of freedom.
    assert found.value == 3
    assert found.p == pytest.approx(2 * stats.t.sf(3, 1))
    assert found.high - found.value == pytest.approx(stats.t.ppf(0.975, 1))


@pytest.mark.parametrize("test", [welch, paired])
def test_one_seed_tells_nothing(test):
    found = test([0.3], [0.1], 0.95)
    assert (found.value, found.low, found.high, found.p) == (pytest.approx(0.2), -np.inf, np.inf, 1.0)


@pytest.mark.parametrize("test", [welch, paired])
def test_without_variance_the_difference_is_exact(test):
    assert test([0.5, 0.5], [0.25, 0.25], 0.95).p == 0.0
    assert test([0.5, 0.5], [0.5, 0.5], 0.95).p == 1.0
