import numpy as np
import pytest

from semtok.papers.phases import find_phases
from semtok.plan.code_claim_specs import Thresholds

THRESHOLDS = Thresholds(rise=0.1, loss=0.05, growth=0.1)
STEP = np.arange(9) * 50.0
#                 phase 1          phase 2       phase 3
LOSS = np.array([9.0, 6.0, 4.0, 5.0, 6.0, 6.5, 5.0, 4.0, 3.0])
PERPLEXITY = np.array([5.0, 5.0, 5.0, 10.0, 20.0, 30.0, 30.0, 30.0, 30.0])


def find(loss=LOSS, perplexity=PERPLEXITY, window=1):
    return find_phases(STEP, np.asarray(loss, dtype=float), np.asarray(perplexity, dtype=float), window, THRESHOLDS)


def test_three_phases_by_hand():
    found = find()
    assert found.holds
    assert found.measured == "perplexity 5.0 to 30.0 between steps 100 and 250; loss 9, 4, 6.5, 3"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"perplexity": [30.0] * 9}, "perplexity does not rise"),
        ({"perplexity": PERPLEXITY[::-1]}, "perplexity does not rise"),
        ({"loss": [9, 8, 7, 6, 5, 4, 3, 2, 1]}, "the loss does not rise while perplexity rises"),
        ({"loss": [4, 4, 4, 5, 6, 7, 5, 4, 3]}, "the loss does not fall before perplexity rises"),
        ({"loss": [9, 6, 4, 5, 6, 7, 7, 7, 7]}, "the loss does not fall after perplexity has risen"),
    ],
)
def test_what_is_missing_is_named(changed, reason):
    found = find(**changed)
    assert not found.holds
    assert found.reason == reason


def test_perplexity_may_fall_before_it_rises():
    """As where k-means spreads the codewords at first: the rise counts from the lowest point before the highest."""
    assert find(perplexity=[20, 10, 5, 10, 20, 30, 30, 30, 30]).holds


def test_noise_below_the_threshold_is_no_phase():
    falling = np.linspace(9, 1, 9)
    falling[4] = falling[3] + 0.1
    assert find(loss=falling).reason == "the loss does not rise while perplexity rises"


def test_a_running_mean_hides_single_spikes():
    spiked = np.linspace(9, 1, 9)
    spiked[4] += 3
    assert find(loss=spiked).holds
    assert not find(loss=spiked, window=5).holds
