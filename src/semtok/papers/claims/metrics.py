"""Judging claims about metrics: differences between tokenizers on the same users."""

from itertools import pairwise

from semtok.papers.claims.pairs import judge_pairs
from semtok.papers.claims.runs import ExhibitRuns
from semtok.papers.claims.verdicts import Comparison, Finding, SetAside, by_direction, by_printed_size
from semtok.papers.measured import Columns
from semtok.papers.statistics import Array, Estimate, Statistic, contrast
from semtok.plan.claim_specs import GainClaim, GainContrastClaim, OrderClaim, ShrinkingGainClaim
from semtok.plan.figure_specs import METRIC_NAMES
from semtok.plan.metrics import NO_K


def judge_gain(claim: GainClaim, runs: ExhibitRuns) -> Finding:
    """Each printed gain, over the mean of its k."""
    runs.check_terms(claim.better, claim.worse)
    comparisons = []
    for gain in claim.gains:
        estimate = runs.estimate(runs.measured.gain(claim.better, claim.worse, gain.columns))
        name = f"the gain of {claim.better} over {claim.worse} in {_name(gain.columns)}"
        comparisons.append(Comparison(name, estimate, "percent"))
    return by_printed_size(comparisons, claim.gains, runs.alpha, runs.departures(claim.better, claim.worse))


def judge_order(claim: OrderClaim, runs: ExhibitRuns) -> Finding:
    """Each pair at each metric and k: differences, or gains where there is a margin."""

    def estimate(higher: str, lower: str, column: tuple[str, int]) -> Estimate:
        if claim.margin is None:
            return runs.estimate(runs.measured.difference(higher, lower, column))
        return runs.estimate(runs.measured.gain(higher, lower, [column]))

    return judge_pairs(claim, runs, {_name([column]): column for column in claim.columns}, estimate, claim.at_least)


def judge_shrinking_gain(claim: ShrinkingGainClaim, runs: ExhibitRuns) -> Finding:
    """The gain at each k less that at the next."""
    runs.check_terms(claim.better, claim.worse)
    comparisons = []
    for columns in pairwise([column] for column in claim.columns):
        first, second = (runs.measured.gain(claim.better, claim.worse, column) for column in columns)

        def shrinks(means: Array, first: Statistic = first, second: Statistic = second) -> Array:
            return first(means) - second(means)

        name = " > ".join(f"gain in {_name(column)}" for column in columns)
        comparisons.append(Comparison(name, runs.estimate(shrinks), "percent"))
    return by_direction(comparisons, runs.alpha)


def judge_contrast(claim: GainContrastClaim, *runs: ExhibitRuns) -> Finding:
    """Mean gain on the first datasets less mean gain on the others; `runs` are of each of the claim's datasets."""
    relative = claim.scale == "relative"
    asides = [one.set_aside(claim.better, claim.worse, 1) for one in runs]
    made = {name: one for name, one, aside in zip(claim.datasets, runs, asides, strict=True) if not aside}
    set_aside = [
        SetAside(1, [f"{row} on {name}" for row in aside.missing], aside.unequal and f"{aside.unequal} on {name}")
        for name, aside in zip(claim.datasets, asides, strict=True)
        if aside
    ]
    larger, smaller = ([name for name in names if name in made] for names in (claim.larger, claim.smaller))
    if not larger or not smaller:
        return by_direction([], runs[0].alpha, set_aside=set_aside)

    def draws(name: str, column: tuple[str, int]) -> tuple[float, Array]:
        measured, pair = made[name].measured, (claim.better, claim.worse)
        statistic = measured.gain(*pair, [column]) if relative else measured.difference(*pair, column)
        return measured.bootstrap.draws(statistic)

    comparisons = []
    for column in claim.columns:
        first, second = ([draws(name, column) for name in names] for names in (larger, smaller))
        estimate = contrast(first, second, runs[0].uncertainty)
        name = f"{claim.scale} gain in {_name([column])} on {' and '.join(larger)} > on {' and '.join(smaller)}"
        comparisons.append(Comparison(name, estimate, "percent" if relative else "fraction"))
    return by_direction(comparisons, runs[0].alpha, set_aside=set_aside)


def _name(columns: Columns) -> str:
    metric = METRIC_NAMES[columns[0][0]]
    if columns[0][1] == NO_K:
        return metric
    ks = ", ".join(str(k) for _, k in columns)
    return f"{metric}@{ks}" if len(columns) == 1 else f"{metric} (mean over k = {ks})"
