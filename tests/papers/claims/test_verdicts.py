import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semtok.papers.claims.verdicts import (
    Comparison,
    Finding,
    SetAside,
    by_direction,
    by_margin,
    by_parts,
    by_printed_size,
    by_runs,
    with_few_seeds,
    with_made_up,
    without_verdict,
)
from semtok.papers.statistics import Estimate
from semtok.plan.claim_specs import PrintedGain

UP, DOWN, OPEN = (0.03, 0.01, 0.05, 0.002), (-0.03, -0.05, -0.01, 0.002), (0.01, -0.02, 0.04, 0.6)


def comparisons(*estimates):
    return [Comparison(f"pair {i}", Estimate(*estimate)) for i, estimate in enumerate(estimates)]


def sizes(*percents, **said):
    """Printed gains."""
    return [PrintedGain(metric="recall", ks=[5], percent=percent, **said) for percent in percents]


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


WEAK, WEAKLY_DOWN = (0.02, 0.001, 0.04, 0.03), (-0.02, -0.04, -0.001, 0.03)


def test_one_comparison_is_not_counted():
    (one,) = comparisons((1.0, 0.5, 1.5, 0.001))
    assert by_direction([one], 0.05).reason == "the comparison holds"
    assert by_direction([one], 0.0001).reason == "the comparison does not hold; not significant: pair 0"


def test_where_all_must_hold_each_is_tested_at_the_full_level():
    found = by_direction(comparisons(*[WEAK] * 24), 0.05)
    assert found.verdict == "reproduced"
    assert found.p_values == pytest.approx([0.03] * 24)


def test_where_any_one_suffices_p_values_are_adjusted():
    found = by_direction(comparisons(WEAK, WEAK), 0.05, at_least=1)
    assert found.verdict == "inconclusive"
    assert found.p_values == pytest.approx([0.06, 0.06])
    assert "not significant: pair 0; pair 1" in found.reason
    # A single reversed one refutes that all hold.
    assert by_direction(comparisons(OPEN, WEAKLY_DOWN), 0.05).verdict == "inconclusive"
    assert by_direction(comparisons(WEAKLY_DOWN), 0.05).verdict == "not reproduced"
    assert by_margin(comparisons((3.0, -2.0, 8.0, 0.2), (-2.0, -3.9, -0.1, 0.03)), 0.05, 0.05).verdict == "reproduced"


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
        ((42.0, 34.0, 50.0, 0.002), "reproduced", "significant, and its interval lies within the claimed 43.34%"),
        ((41.0, 30.0, 52.0, 0.002), "inconclusive", "significant, but its interval reaches beyond"),
        ((12.0, 1.0, 45.0, 0.04), "inconclusive", "significant, but its interval reaches beyond"),
        ((20.0, 10.0, 30.0, 0.002), "not reproduced", "significant, and its interval leaves out"),
        ((90.0, 70.0, 110.0, 0.002), "not reproduced", "significant, and its interval leaves out"),
        ((-20.0, -30.0, -10.0, 0.002), "not reproduced", "negative"),
        ((15.0, -20.0, 50.0, 0.4), "inconclusive", "not significantly different"),
        ((2.0, -3.0, 7.0, 0.4), "not reproduced", "not significantly different from zero, and its interval leaves out"),
        ((float("inf"), float("-inf"), float("inf"), 1.0), "inconclusive", "not significantly different"),
    ],
)
def test_gain(estimate, verdict, reason):
    found = by_printed_size(comparisons(estimate), sizes(43.34), 0.05)
    assert found.verdict == verdict
    assert reason in found.reason


@pytest.mark.parametrize(
    ("estimate", "verdict", "reason"),
    [
        ((21.0, 17.0, 25.0, 0.002), "reproduced", "within the claimed 20% or more (from 15% on)"),
        ((60.0, 50.0, 70.0, 0.002), "reproduced", "within the claimed"),
        ((20.0, 12.0, 60.0, 0.002), "inconclusive", "reaches beyond the claimed"),
        ((10.0, 6.0, 14.0, 0.002), "not reproduced", "leaves out the claimed 20% or more"),
        ((-20.0, -30.0, -10.0, 0.002), "not reproduced", "negative"),
    ],
)
def test_no_gain_is_too_large_where_the_paper_says_over(estimate, verdict, reason):
    found = by_printed_size(comparisons(estimate), sizes(20, or_more=True), 0.05)
    assert (found.verdict, reason in found.reason) == (verdict, True), found.reason
    assert found.comparisons[0].printed == 20


def test_several_gains_stand_or_fall_together():
    good, small, unclear = (38.0, 31.0, 44.0, 0.03), (10.0, 5.0, 15.0, 0.002), (9.0, -9.0, 40.0, 0.5)
    assert by_printed_size(comparisons(good, good), sizes(38.82, 35.96), 0.05).verdict == "reproduced"
    assert by_printed_size(comparisons(good, unclear), sizes(38.82, 35.96), 0.05).verdict == "inconclusive"
    assert by_printed_size(comparisons(unclear, small), sizes(38.82, 35.96), 0.05).verdict == "not reproduced"


@pytest.mark.parametrize(
    ("estimate", "verdict"),
    [
        ((42.0, 34.0, 50.0, 0.002), "not comparable"),
        ((2.0, -3.0, 7.0, 0.4), "not comparable"),
        ((-10.0, -18.0, -2.0, 0.01), "not reproduced"),
    ],
)
def test_a_size_under_other_conditions(estimate, verdict):
    found = by_printed_size(comparisons(estimate), sizes(43.34), 0.05, ["the data are a sample"])
    assert found.verdict == verdict
    assert found.reason.endswith("under the paper's conditions alone: the data are a sample")


@pytest.mark.parametrize(
    ("estimates", "verdict"),
    [
        ([(3.0, -2.0, 8.0, 0.2), (0.0, -4.0, 4.0, 1.0)], "reproduced"),
        ([(3.0, -2.0, 8.0, 0.2), (0.0, -6.0, 6.0, 1.0)], "inconclusive"),
        ([(3.0, -2.0, 8.0, 0.2), (-9.0, -14.0, -4.0, 0.002)], "inconclusive"),
        ([(3.0, -2.0, 8.0, 0.2), (-12.0, -16.0, -8.0, 0.002)], "not reproduced"),
        # A loss within the margin, with few data and with more of them.
        ([(-2.0, -4.5, 0.5, 0.12)], "reproduced"),
        ([(-2.0, -3.0, -1.0, 0.002)], "reproduced"),
        # Not significant among as many.
        ([(-9.0, -14.0, -5.1, 0.03)] + [(0.0, -4.0, 4.0, 1.0)] * 2, "inconclusive"),
    ],
)
def test_not_worse(estimates, verdict):
    assert by_margin(comparisons(*estimates), 0.05, 0.05).verdict == verdict


@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(0, 1)), min_size=1, max_size=8))
def test_turning_every_sign_never_keeps_a_claim_reproduced(drawn):
    def judged(sign):
        estimates = [(sign * value, sign * value - 0.1, sign * value + 0.1, p) for value, p in drawn]
        return by_direction(comparisons(*estimates), 0.05).verdict

    if judged(1) == "reproduced":
        assert judged(-1) != "reproduced"
    if max(p for _, p in drawn) < 0.05 / len(drawn):
        assert "inconclusive" not in (judged(1), judged(-1)) or any(value == 0 for value, _ in drawn)


NOT_BUILT, UNEQUAL = SetAside(1, missing=["other"]), SetAside(1, unequal="one sees more")


@pytest.mark.parametrize(
    ("estimates", "at_least", "set_aside", "verdict"),
    [
        ([UP], None, [NOT_BUILT], "reproduced in part"),
        ([UP, UP], None, [NOT_BUILT, UNEQUAL], "reproduced in part"),
        ([UP], 1, [NOT_BUILT], "reproduced"),
        ([UP, UP], 3, [NOT_BUILT], "reproduced in part"),
        ([UP, OPEN], 3, [NOT_BUILT, NOT_BUILT], "inconclusive"),
        ([UP, OPEN], None, [NOT_BUILT], "inconclusive"),
        ([UP, DOWN], None, [UNEQUAL], "not reproduced"),
        ([DOWN, DOWN], 2, [NOT_BUILT], "not reproduced"),
        ([DOWN], 1, [NOT_BUILT], "inconclusive"),
        ([], None, [NOT_BUILT], "inconclusive"),
        ([], None, [NOT_BUILT, UNEQUAL], "not comparable"),
    ],
)
def test_what_cannot_be_compared_leaves_the_rest(estimates, at_least, set_aside, verdict):
    found = by_direction(comparisons(*estimates), 0.05, at_least, set_aside)
    assert found.verdict == verdict
    assert ("not built: other" in found.reason) == (NOT_BUILT in set_aside)
    assert ("not comparable: one sees more" in found.reason) == (UNEQUAL in set_aside)


def test_losses_of_exactly_the_margin_are_seldom_called_larger():
    """Of eight gains that truly lie at the margin some lie below it by chance, which Holm's adjustment is for."""
    found = np.random.default_rng(0).normal(-5, 1, (2000, 8))
    worlds = [comparisons(*((v, v - 1.96, v + 1.96, 1e-6) for v in world)) for world in found.tolist()]
    verdicts = [by_margin(world, 0.05, 0.05).verdict for world in worlds]
    assert 0.01 < verdicts.count("not reproduced") / len(verdicts) < 0.04
    assert by_margin(comparisons((-30.0, -math.inf, math.inf, 0.001)), 0.05, 0.05).verdict == "inconclusive"


def test_a_margin_on_what_is_built():
    near = (3.0, -2.0, 8.0, 0.2)
    assert by_margin(comparisons(near), 0.05, 0.05, [NOT_BUILT]).verdict == "reproduced in part"
    assert by_margin(comparisons((-12.0, -16.0, -8.0, 0.002)), 0.05, 0.05, [NOT_BUILT]).verdict == "not reproduced"
    assert by_margin([], 0.05, 0.05, [UNEQUAL]).verdict == "not comparable"


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


def part(verdict, source="official"):
    return Finding(verdict, "", source=source)


@pytest.mark.parametrize(
    ("verdicts", "joint"),
    [
        (["reproduced", "reproduced"], "reproduced"),
        (["reproduced", "inconclusive"], "inconclusive"),
        (["reproduced", "not reproduced", "inconclusive"], "not reproduced"),
        (["reproduced", "reproduced in part"], "reproduced in part"),
        (["reproduced", "not comparable"], "reproduced in part"),
        (["not comparable", "inconclusive"], "inconclusive"),
        (["not comparable", "not comparable"], "not comparable"),
    ],
)
def test_one_part_decides(verdicts, joint):
    parts = {f"part {i}": part(verdict) for i, verdict in enumerate(verdicts)}
    assert by_parts(parts).verdict == joint
    with_another = by_parts({**parts, "other": part("inconclusive", "not run")})
    assert with_another.verdict == ("reproduced in part" if joint == "reproduced" else joint)
    assert with_another.reason.endswith("not run: other")


def test_parts_are_named_by_their_verdicts():
    parts = {"a": part("reproduced"), "b": part("inconclusive", "not run"), "c": part("not reproduced", "mirror")}
    found = by_parts(parts)
    assert found.reason == "not reproduced: c; reproduced: a; not run: b"
    assert found.source == "official; not run; mirror"
    assert by_parts({"b": parts["b"]}).verdict == "inconclusive"


def test_few_seeds_leave_a_claim_open():
    found = by_direction(comparisons(UP), 0.05)
    assert with_few_seeds(found, 3) == found
    assert with_few_seeds(found, 2).verdict == "inconclusive"
    single = with_few_seeds(found, 1)
    assert (single.verdict, single.comparisons) == ("inconclusive", found.comparisons)
    assert single.reason.startswith("1 seed only")
    unequal = by_direction([], 0.05, set_aside=[UNEQUAL])
    assert with_few_seeds(unequal, 1) == unequal


def test_made_up_data_compare_with_nothing():
    found = by_direction(comparisons(UP), 0.05)
    assert with_made_up(found, "") == found
    untrained = with_made_up(found, "its vectors are of an untrained network")
    assert (untrained.verdict, untrained.comparisons) == ("not comparable", found.comparisons)
    assert untrained.reason == f"its vectors are of an untrained network; on these {found.reason}"
    made_up = without_verdict(found)
    assert (made_up.verdict, made_up.reason, made_up.comparisons) == ("synthetic", "", found.comparisons)


def test_parts_on_made_up_data_have_no_verdict_together_either():
    made_up = {"a": part("synthetic", "synthetic"), "b": part("synthetic", "not run")}
    assert (by_parts(made_up).verdict, by_parts(made_up).reason) == ("synthetic", "")
    assert by_parts({"b": made_up["b"]}).verdict == "synthetic"
    assert by_parts({**made_up, "c": part("reproduced")}).verdict == "reproduced in part"
