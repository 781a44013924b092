"""Judging claims about codes: one number a run, so that seeds are all that varies."""

from collections.abc import Sequence
from itertools import pairwise

from semtok.papers.claims.runs import ExhibitRuns, LackingError
from semtok.papers.claims.seed_tests import paired, welch
from semtok.papers.claims.verdicts import Comparison, Finding, by_direction, by_margin
from semtok.papers.diagnostics import COLLISION_RATE, NEIGHBOUR_COLLISION, RANDOM_COLLISION, purities, shape
from semtok.papers.statistics import Estimate
from semtok.plan.claim_specs import CollisionClaim, DiagnosticsClaim, PurityClaim


def judge_collisions(claim: CollisionClaim, runs: ExhibitRuns) -> Finding:
    """Neighbours against random pairs, paired over seeds; then the two tokenizers."""
    fewer, more = claim.fewer, claim.more
    near, random = runs.quantity(more, NEIGHBOUR_COLLISION), runs.quantity(more, RANDOM_COLLISION)
    name = f"{more}: {NEIGHBOUR_COLLISION} > {RANDOM_COLLISION}"
    comparisons = [Comparison(name, paired(near, random, runs.confidence))]
    for quantity in (COLLISION_RATE, NEIGHBOUR_COLLISION):
        estimate = welch(runs.quantity(more, quantity), runs.quantity(fewer, quantity), runs.confidence)
        comparisons.append(Comparison(f"{more} > {fewer} in {quantity}", estimate))
    return by_direction(comparisons, runs.alpha)


def judge_diagnostics(claim: DiagnosticsClaim, runs: ExhibitRuns) -> Finding:
    """Each quantity of each pair, by Welch's t-test over seeds; pairs whose runs are lacking decide nothing."""
    if claim.same_shape:
        _check_shapes([name for name in claim.tokenizers if runs.built(name)], runs)
    comparisons, not_run = [], []
    for pair in claim.pairs:
        for quantity in claim.quantities:
            name = f"{pair.higher} > {pair.lower} in {quantity}"
            if not runs.built(pair.higher, pair.lower):
                not_run.append(name)
                continue
            higher, lower = runs.quantity(pair.higher, quantity), runs.quantity(pair.lower, quantity)
            estimate = welch(higher, lower, runs.confidence)
            if claim.margin is None:
                comparisons.append(Comparison(name, estimate))
            else:
                comparisons.append(_relative(f"{pair.higher} over {pair.lower} in {quantity}", estimate, lower))
    if claim.margin is None:
        return by_direction(comparisons, runs.alpha, not_run=not_run)
    return by_margin(comparisons, claim.margin, runs.alpha)


def judge_purity(claim: PurityClaim, runs: ExhibitRuns) -> Finding:
    """Purity at each depth against the depth before, paired over seeds; at depth 1 against codes without meaning."""
    _check_shapes([claim.tokenizer, claim.chance], runs)
    found, chance = (list(map(purities, runs.diagnostics(name))) for name in (claim.tokenizer, claim.chance))
    depths = sorted(set.intersection(*(set(values) for values in found)))
    if len(depths) < 2 or any(1 not in values for values in [*found, *chance]):
        raise LackingError(f"the diagnostics of {claim.tokenizer} or {claim.chance} hold no purity of shared prefixes")
    at = {depth: [values[depth] for values in found] for depth in depths}
    comparisons = [
        Comparison(f"purity at depth {deeper} > at depth {depth}", paired(at[deeper], at[depth], runs.confidence))
        for depth, deeper in pairwise(depths)
    ]
    estimate = welch(at[1], [values[1] for values in chance], runs.confidence)
    comparisons.append(Comparison(f"{claim.tokenizer} > {claim.chance} in purity at depth 1", estimate))
    return by_direction(comparisons, runs.alpha)


def _check_shapes(names: Sequence[str], runs: ExhibitRuns) -> None:
    shapes = {name: " or ".join(dict.fromkeys(map(shape, runs.diagnostics(name)))) for name in names}
    if len(set(shapes.values())) > 1:
        found = ", ".join(f"{name} is {shape}" for name, shape in shapes.items())
        raise LackingError(f"codes of different shapes cannot be compared: {found}")


def _relative(name: str, estimate: Estimate, base: Sequence[float]) -> Comparison:
    """In percent of the mean of `base`."""
    scale = sum(base) / len(base) / 100
    if scale == 0:
        raise LackingError(f"{name} is a share of zero")
    scaled = Estimate(estimate.value / scale, estimate.low / scale, estimate.high / scale, estimate.p)
    return Comparison(name, scaled, "percent")
