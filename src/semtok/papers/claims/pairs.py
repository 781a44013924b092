"""Judging claims about pairs of tokenizers, of their scores and of their codes alike."""

from collections.abc import Callable, Mapping
from itertools import product
from typing import TypeVar

from semtok.papers.claims.runs import ExhibitRuns
from semtok.papers.claims.verdicts import Comparison, Finding, by_direction, by_margin
from semtok.papers.statistics import Estimate
from semtok.plan.claim_base import PairsClaim

Quantity = TypeVar("Quantity")


def judge_pairs(
    claim: PairsClaim,
    runs: ExhibitRuns,
    quantities: Mapping[str, Quantity],
    estimate: Callable[[str, str, Quantity], Estimate],
    at_least: int | None = None,
) -> Finding:
    """Every pair in every quantity; pairs whose runs are lacking decide nothing.

    Args:
        claim: the claim.
        runs: of its dataset.
        quantities: what is compared, by name.
        estimate: by how much the first tokenizer is above the second in a quantity; in percent if there is a margin.
        at_least: how many comparisons must hold; None for all.
    """
    comparisons, not_run = [], []
    margin = claim.margin
    for pair, (quantity, value) in product(claim.pairs, quantities.items()):
        what = f"{pair.higher} > {pair.lower}" if margin is None else f"the gain of {pair.higher} over {pair.lower}"
        name = f"{what} in {quantity}"
        if not runs.built(pair.higher, pair.lower):
            not_run.append(name)
            continue
        found = estimate(pair.higher, pair.lower, value)
        comparisons.append(Comparison(name, found, "fraction" if margin is None else "percent"))
    if margin is None:
        return by_direction(comparisons, runs.alpha, at_least, not_run)
    return by_margin(comparisons, margin, runs.alpha)
