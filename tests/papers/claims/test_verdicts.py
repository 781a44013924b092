import pytest
from hypothesis import given
from hypothesis import strategies as st

from semtok.papers.claims.verdicts import (
    Comparison,
    Finding,
    by_direction,
    by_margin,
    by_parts,
    by_printed_size,
    by_runs,
    with_few_seeds,
)
from semtok.papers.statistics import Estimate

UP, DOWN, OPEN = (0.03, 0.01, 0.05, 0.002), (-0.03, -0.05, -0.01, 0.002), (0.01, -0.02, 0.04, 0.6)


def comparisons(*estimates):
    return [Comparison(f"pair {i}", Estimate(*estimate)) for i, estimate in enumerate(estimates)]


@pytest.mark.parametrize(
    ("estimates", "needed", "verdict"),
    [
        ([UP], 1, "reproduced"),
        ([DOWN], 1, "not reproduced"),
        ([OPEN], 1, "inconclusive"),
        ([UP, UP, UP], 3, "reproduced"),
        ([UP, UP, OPEN], 3, "inconclusive"),
        ([UP, OPEN, DOWN], 3, "not reproduced"),
        ([UP, UP, UP, DOWN], 3, "reproduced"),
        ([UP, UP, OPEN, DOWN], 3, "inconclusive"),
        ([UP, UP, DOWN, DOWN], 3, "not reproduced"),
    ],
)
def test_order(estimates, needed, verdict):
    assert by_direction(comparisons(*estimates), 0.05, needed).verdict == verdict


def test_order_adjusts_for_many_comparisons():
    weak = (0.02, 0.001, 0.04, 0.03)
    assert by_direction(comparisons(weak), 0.05).verdict == "reproduced"
    found = by_direction(comparisons(weak, weak), 0.05)
    assert found.verdict == "inconclusive"
    assert found.p_values == pytest.approx([0.06, 0.06])
    assert "not significantly different: pair 0; pair 1" in found.reason


def test_order_names_what_is_reversed():
    assert by_direction(comparisons(UP, DOWN), 0.05).reason.endswith("pair 1")
    many = by_direction(comparisons(*[OPEN] * 9), 0.05)
    assert many.reason.endswith("pair 3; and 5 more")


def test_a_thousand_resamples_suffice_for_24_comparisons():
    """C-4: the smallest p-value of 1,000 resamples survives Holm's adjustment."""
    smallest = (0.03, 0.01, 0.05, 2 / 1001)
    assert by_direction(comparisons(*[smallest] * 24), 1 - 0.95).verdict == "reproduced"


@pytest.mark.parametrize(
    ("estimate", "verdict", "reason"),
    [
        ((41.0, 30.0, 52.0, 0.002), "reproduced", "interval contains"),
        ((35.0, 30.0, 40.0, 0.002), "reproduced", "within 25%"),
        ((20.0, 10.0, 30.0, 0.002), "not reproduced", "smaller"),
        ((90.0, 70.0, 110.0, 0.002), "not reproduced", "larger"),
        ((-20.0, -30.0, -10.0, 0.002), "not reproduced", "negative"),
        ((15.0, -20.0, 50.0, 0.4), "inconclusive", "not significantly different"),
        ((2.0, -3.0, 7.0, 0.4), "inconclusive", "excludes the printed 43.34%"),
        ((float("inf"), float("-inf"), float("inf"), 1.0), "inconclusive", "not significantly different"),
    ],
)
def test_gain(estimate, verdict, reason):
    found = by_printed_size(comparisons(estimate), [43.34], 0.05)
    assert found.verdict == verdict
    assert reason in found.reason


def test_several_gains_stand_or_fall_together():
    good, small, unclear = (38.0, 30.0, 46.0, 0.002), (10.0, 5.0, 15.0, 0.002), (9.0, -9.0, 40.0, 0.5)
    assert by_printed_size(comparisons(good, good), [38.82, 35.96], 0.05).verdict == "reproduced"
    assert by_printed_size(comparisons(good, unclear), [38.82, 35.96], 0.05).verdict == "inconclusive"
    assert by_printed_size(comparisons(unclear, small), [38.82, 35.96], 0.05).verdict == "not reproduced"


@pytest.mark.parametrize(
    ("estimates", "verdict"),
    [
        ([(3.0, -2.0, 8.0, 0.2), (0.0, -4.0, 4.0, 1.0)], "reproduced"),
        ([(3.0, -2.0, 8.0, 0.2), (0.0, -6.0, 6.0, 1.0)], "inconclusive"),
        ([(3.0, -2.0, 8.0, 0.2), (-9.0, -14.0, -4.0, 0.002)], "not reproduced"),
        # Surely worse is worse, also within the margin.
        ([(-2.0, -3.0, -1.0, 0.002)], "not reproduced"),
    ],
)
def test_not_worse(estimates, verdict):
    assert by_margin(comparisons(*estimates), 0.05, 0.05).verdict == verdict


@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(0, 1)), min_size=1, max_size=8))
def test_turning_every_sign_never_keeps_a_verdict_but_inconclusive(drawn):
    def judged(sign):
        estimates = [(sign * value, sign * value - 0.1, sign * value + 0.1, p) for value, p in drawn]
        return by_direction(comparisons(*estimates), 0.05).verdict

    if judged(1) == "reproduced":
        assert judged(-1) == "not reproduced"


def test_what_was_not_run_decides_nothing():
    assert by_direction(comparisons(UP), 0.05, not_run=["other"]).verdict == "inconclusive"
    assert by_direction(comparisons(UP), 0.05, at_least=1, not_run=["other"]).verdict == "reproduced"
    assert by_direction(comparisons(DOWN), 0.05, not_run=["other"]).verdict == "not reproduced"


@pytest.mark.parametrize(
    ("against", "verdict", "shown"),
    [
        (["", ""], "reproduced", "2 of 2"),
        (["no rise", ""], "inconclusive", "1 of 2"),
        (["no rise", "no rise"], "not reproduced", "0 of 2"),
    ],
)
def test_runs_that_disagree_decide_nothing(against, verdict, shown):
    found = by_runs(against, "loss 3, 2")
    assert (found.verdict, found.measured, found.p_values) == (verdict, "loss 3, 2", ())
    assert found.reason.startswith(shown)
    assert found.reason.count("no rise") == any(against)


def test_one_part_decides():
    yes, no, open_ = (
        Finding(verdict, "", source=source)
        for verdict, source in (("reproduced", "official"), ("not reproduced", "mirror"), ("inconclusive", "not run"))
    )
    assert by_parts({"a": yes, "b": yes}).verdict == "reproduced"
    assert by_parts({"a": yes, "b": open_}).verdict == "inconclusive"
    found = by_parts({"a": yes, "b": open_, "c": no, "d": yes})
    assert found.verdict == "not reproduced"
    assert found.reason == "not reproduced: c; inconclusive: b; reproduced: a, d"
    assert found.source == "official; not run; mirror"


def test_few_seeds_leave_a_claim_open():
    found = by_direction(comparisons(UP), 0.05)
    assert with_few_seeds(found, 2) == found
    single = with_few_seeds(found, 1)
    assert (single.verdict, single.comparisons) == ("inconclusive", found.comparisons)
    assert single.reason.startswith("1 seed only")
