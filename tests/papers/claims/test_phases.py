import numpy as np
import pandas as pd
import pytest

from semtok.papers.claims.phases import find_phases
from semtok.plan.claim_specs import Thresholds
from support import fabricated_simcit
from support.fabricated_simcit import judge

THRESHOLDS = Thresholds(rise=0.1, loss=0.05, growth=0.1)
STEP = np.arange(9) * 50.0
#                 phase 1          phase 2       phase 3
LOSS = np.array([9.0, 6.0, 4.0, 5.0, 6.0, 6.5, 5.0, 4.0, 3.0])
PERPLEXITY = np.array([5.0, 5.0, 5.0, 10.0, 20.0, 30.0, 30.0, 30.0, 30.0])


def find(loss=LOSS, perplexity=PERPLEXITY, window=1):
    return find_phases(STEP, np.asarray(loss, dtype=float), np.asarray(perplexity, dtype=float), window, THRESHOLDS)


def test_three_phases_by_hand():
    against, measured = find()
    assert not against
    assert measured == "perplexity 5.0 to 30.0 between steps 100 and 250; loss 9, 4, 6.5, 3"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"perplexity": [30.0] * 9}, "perplexity does not rise"),
        ({"perplexity": PERPLEXITY[::-1]}, "perplexity does not rise"),
        ({"loss": [9, 8, 7, 6, 5, 4, 3, 2, 1]}, "does not rise while"),
        ({"loss": [4, 4, 4, 5, 6, 7, 5, 4, 3]}, "does not fall before"),
        ({"loss": [9, 6, 4, 5, 6, 7, 7, 7, 7]}, "does not fall after"),
    ],
)
def test_what_is_missing_is_named(changed, reason):
    assert reason in find(**changed)[0]


def test_perplexity_may_fall_before_it_rises():
    """As where k-means spreads the codewords at first: the rise counts from the lowest point before the highest."""
    assert not find(perplexity=[20, 10, 5, 10, 20, 30, 30, 30, 30])[0]


def test_noise_below_the_threshold_is_no_phase():
    falling = np.linspace(9, 1, 9)
    falling[4] = falling[3] + 0.1
    assert "does not rise while" in find(loss=falling)[0]


def test_a_running_mean_hides_single_spikes():
    spiked = np.linspace(9, 1, 9)
    spiked[4] += 3
    assert not find(loss=spiked)[0]
    assert find(loss=spiked, window=5)[0]


def test_verdicts_of_phases(as_claimed, reversed_simcit):
    assert as_claimed.loc["M-9", "verdict"] == "reproduced"
    assert reversed_simcit.loc["M-9", "verdict"] == "not reproduced"
    assert reversed_simcit.loc["M-9", "measured"].startswith("seed 0: perplexity ")


def test_runs_of_which_some_show_phases(tmp_path):
    found = judge(tmp_path, phases=(True, True, False), tables=[], figures=["figure4"])
    assert found.loc["M-9", "verdict"] == "inconclusive"
    assert found.loc["M-9", "reason"].startswith("2 of 3 runs")


def test_one_seed_never_decides(tmp_path):
    found = judge(tmp_path, phases=(True,), sweep_seeds=[0], tables=[], figures=["figure4"])
    assert found.loc["M-9", "verdict"] == "inconclusive"
    assert found.loc["M-9", "reason"].startswith("1 seed only")


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda history: history.drop(columns="loss"), "does not hold loss"),
        (lambda history: history.drop(columns="step"), "does not hold loss"),
        (lambda history: history.filter(regex="^(?!perplexity)"), "and perplexity_"),
        (lambda history: history.head(4), "too short"),
    ],
)
def test_a_history_that_cannot_be_judged(tmp_path, monkeypatch, damage, reason):
    def damaged(path, *values):
        write(path, *values)
        damage(pd.read_csv(path)).to_csv(path, index=False)
        return path

    write = fabricated_simcit.write_history
    monkeypatch.setattr(fabricated_simcit, "write_history", damaged)
    row = judge(tmp_path, tables=[], figures=["figure4"]).loc["M-9"]
    assert row["verdict"] == "inconclusive"
    assert reason in row["reason"]
