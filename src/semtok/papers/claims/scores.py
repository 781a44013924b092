"""Judging claims about scores: differences between tokenizers on the same users."""

from collections.abc import Sequence
from itertools import pairwise

from semtok.papers.claims.runs import Columns, ExhibitRuns
from semtok.papers.claims.verdicts import Comparison, Finding, by_direction, by_margin, by_printed_size
from semtok.papers.statistics import Array, Estimate, contrast
from semtok.plan.claim_specs import GainClaim, GainContrastClaim, NotWorseClaim, OrderClaim, ShrinkingGainClaim
from semtok.plan.figure_specs import METRIC_NAMES


def judge_gain(claim: GainClaim, runs: ExhibitRuns) -> Finding:
    """Each printed gain, over the mean of its k."""
    comparisons = [_gain(runs, claim.better, claim.worse, gain.columns) for gain in claim.gains]
    return by_printed_size(comparisons, [gain.percent for gain in claim.gains], runs.alpha)


def judge_not_worse(claim: NotWorseClaim, runs: ExhibitRuns) -> Finding:
    """The gain at each metric and k."""
    comparisons = [_gain(runs, claim.better, claim.other, [column]) for column in claim.columns]
    return by_margin(comparisons, claim.margin, runs.alpha)


def judge_order(claim: OrderClaim, runs: ExhibitRuns) -> Finding:
    """Each pair at each metric and k; pairs whose runs are lacking decide nothing."""
    comparisons, not_run = [], []
    for pair in claim.pairs:
        for column in claim.columns:
            name = f"{pair.higher} > {pair.lower} in {_name([column])}"
            if runs.built(pair.higher, pair.lower):
                estimate = runs.estimate(runs.difference(pair.higher, pair.lower, column))
                comparisons.append(Comparison(name, estimate))
            else:
                not_run.append(name)
    return by_direction(comparisons, runs.alpha, claim.at_least, not_run)


def judge_shrinking_gain(claim: ShrinkingGainClaim, runs: ExhibitRuns) -> Finding:
    """The gain at each k less that at the next."""

    def step(small: int, large: int) -> Estimate:
        first, second = (runs.relative_gain(claim.better, claim.worse, [(claim.metric, k)]) for k in (small, large))

        def shrinks(means: Array) -> Array:
            return first(means) - second(means)

        return runs.estimate(shrinks)

    name = METRIC_NAMES[claim.metric]
    comparisons = [
        Comparison(f"gain in {name}@{small} > gain in {name}@{large}", step(small, large), "percent")
        for small, large in pairwise(claim.ks)
    ]
    return by_direction(comparisons, runs.alpha)


def judge_contrast(claim: GainContrastClaim, *runs: ExhibitRuns) -> Finding:
    """Mean gain on the first datasets less mean gain on the others; `runs` are of each of the claim's datasets."""
    first = runs[0]

    def draws(one: ExhibitRuns, k: int) -> tuple[float, Array]:
        column = (claim.metric, k)
        if claim.scale == "relative":
            return one.draws(one.relative_gain(claim.better, claim.worse, [column]))
        return one.draws(one.difference(claim.better, claim.worse, column))

    larger, smaller = " and ".join(claim.larger), " and ".join(claim.smaller)
    comparisons = []
    for k in claim.ks:
        drawn = [draws(one, k) for one in runs]
        split = len(claim.larger)
        estimate = contrast(drawn[:split], drawn[split:], first.confidence, first.seed)
        name = f"{claim.scale} gain in {_name([(claim.metric, k)])} on {larger} > on {smaller}"
        comparisons.append(Comparison(name, estimate, "percent" if claim.scale == "relative" else "fraction"))
    return by_direction(comparisons, first.alpha)


def _gain(runs: ExhibitRuns, better: str, worse: str, columns: Columns) -> Comparison:
    estimate = runs.estimate(runs.relative_gain(better, worse, columns))
    return Comparison(f"the gain of {better} over {worse} in {_name(columns)}", estimate, "percent")


def _name(columns: Columns) -> str:
    metric = METRIC_NAMES[columns[0][0]]
    ks = ", ".join(str(k) for _, k in columns)
    return f"{metric}@{ks}" if len(columns) == 1 else f"{metric} (mean over k = {ks})"
