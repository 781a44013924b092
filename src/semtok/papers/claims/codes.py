"""Judging claims about codes: one number a run, so that seeds are all that varies."""

from collections.abc import Sequence
from dataclasses import replace

from semtok.papers.claims.pairs import judge_pairs
from semtok.papers.claims.runs import ExhibitRuns, LackingError, UnequalError
from semtok.papers.claims.seed_tests import paired, welch
from semtok.papers.claims.verdicts import Comparison, Finding, by_direction, other_conditions
from semtok.papers.quantities import (
    ANOTHER_ITEM,
    COLLISION_RATE,
    NEIGHBOUR_COLLISION,
    RANDOM_COLLISION,
    RIGHT,
    purities,
    shape,
)
from semtok.papers.statistics import Estimate
from semtok.plan.claim_specs import CollisionClaim, DiagnosticsClaim, PurityClaim, ReconstructionClaim


def judge_collisions(claim: CollisionClaim, runs: ExhibitRuns) -> Finding:
    """Neighbours against random pairs, paired over seeds; then the two tokenizers."""
    fewer, more = claim.fewer, claim.more
    runs.check_terms(more, fewer, of_codes=True)
    near, random = runs.quantity(more, NEIGHBOUR_COLLISION), runs.quantity(more, RANDOM_COLLISION)
    name = f"{more}: {NEIGHBOUR_COLLISION} > {RANDOM_COLLISION}"
    comparisons = [Comparison(name, paired(near, random, runs.confidence))]
    for quantity in (COLLISION_RATE, NEIGHBOUR_COLLISION):
        estimate = welch(runs.quantity(more, quantity), runs.quantity(fewer, quantity), runs.confidence)
        comparisons.append(Comparison(f"{more} > {fewer} in {quantity}", estimate))
    return by_direction(comparisons, runs.alpha)


def judge_diagnostics(claim: DiagnosticsClaim, runs: ExhibitRuns) -> Finding:
    """Each quantity of each pair, by Welch's t-test over seeds; in percent of the lower where there is a margin.

    Where the claim is a loss, what is left of the higher after that loss is compared.
    """
    if claim.same_shape:
        _check_shapes([name for name in claim.tokenizers if runs.built(name)], runs)

    def estimate(higher: str, lower: str, quantity: str) -> Estimate:
        base = runs.quantity(lower, quantity)
        left = [value * (1 - (claim.loss or 0)) for value in runs.quantity(higher, quantity)]
        found = welch(left, base, runs.confidence)
        scale = 1.0 if claim.margin is None else sum(base) / len(base) / 100
        if scale == 0:
            raise LackingError(f"{higher} over {lower} in {quantity} is a share of zero")
        return Estimate(found.value / scale, found.low / scale, found.high / scale, found.p)

    more = f" by more than {claim.loss:.0%}" if claim.loss else ""
    return judge_pairs(claim, runs, {name + more: name for name in claim.quantities}, estimate)


def judge_purity(claim: PurityClaim, runs: ExhibitRuns) -> Finding:
    """Purity at each depth against what prefixes of the same sizes would have by chance, paired over seeds."""
    found = list(map(purities, runs.diagnostics(claim.tokenizer)))
    depths = sorted(set.intersection(*(set(values) for values in found)))
    if len(depths) < 2:
        raise LackingError(f"the diagnostics of {claim.tokenizer} hold no purity of shared prefixes")
    comparisons = []
    for depth in depths:
        purity, chance = zip(*(values[depth] for values in found), strict=True)
        name = f"purity at depth {depth} > by chance"
        comparisons.append(Comparison(name, paired(list(purity), list(chance), runs.confidence)))
    return by_direction(comparisons, runs.alpha)


def judge_reconstruction(claim: ReconstructionClaim, runs: ExhibitRuns) -> Finding:
    """Each attribute that is read: against the share that must be right, and against another item's dense tokens.

    The share is a size, which is the language model's doing as well: under other conditions than the paper's it decides
    nothing, and dense tokens that tell less than another item's refute there too.
    """
    found = runs.answers(claim.tokenizer)
    read = [target for target, answer in found[0].items() if answer["task"] == "reconstruction"]
    shares, directions = [], []
    for target in read:
        right, of_another = ([one[target][key] for one in found] for key in (RIGHT, ANOTHER_ITEM))
        if None in [*right, *of_another]:
            raise LackingError(f"no held-out item has the attribute {target}")
        needed = paired(right, [claim.right] * len(right), runs.confidence)
        shares.append(Comparison(f"{target}: right tokens > {claim.right:.0%}", needed))
        told = paired(right, of_another, runs.confidence)
        directions.append(Comparison(f"{target}: right tokens > of another item", told))
    finding = by_direction([*shares, *directions], runs.alpha)
    departures = runs.departures(claim.tokenizer)
    if not departures or by_direction(directions, runs.alpha).verdict == "not reproduced":
        return finding
    reason = f"{finding.reason}; {other_conditions(departures)}"
    return replace(finding, verdict="not comparable", reason=reason)


def _check_shapes(names: Sequence[str], runs: ExhibitRuns) -> None:
    shapes = {name: " or ".join(dict.fromkeys(map(shape, runs.diagnostics(name)))) for name in names}
    if len(set(shapes.values())) > 1:
        found = ", ".join(f"{name} is {shape}" for name, shape in shapes.items())
        raise UnequalError(f"codes of different shapes cannot be compared: {found}")
