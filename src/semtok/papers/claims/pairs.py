"""Judging claims about pairs of tokenizers, of their metrics and of their codes alike."""

from collections.abc import Callable, Mapping
from typing import Literal, TypeVar

from semtok.papers.claims.runs import ExhibitRuns
from semtok.papers.claims.verdicts import Comparison, Finding, SetAside, by_direction, by_margin
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
    """Every pair in every quantity; pairs that are not built or not comparable are set aside.

    Args:
        claim: the claim.
        runs: of its dataset.
        quantities: what is compared, by name.
        estimate: by how much the first tokenizer is above the second in a quantity; in percent if there is a margin.
        at_least: how many comparisons must hold; None for all.
    """
    comparisons: list[Comparison] = []
    set_aside: list[SetAside] = []
    margin = claim.margin
    for pair in claim.pairs:
        of_codes = claim.needs == "diagnostics"
        if aside := runs.set_aside(pair.higher, pair.lower, len(quantities), of_codes, claim.compares_budgets):
            set_aside.append(aside)
            continue
        what = f"{pair.higher} > {pair.lower}" if margin is None else f"the gain of {pair.higher} over {pair.lower}"
        unit: Literal["fraction", "percent"] = "fraction" if margin is None else "percent"
        for quantity, value in quantities.items():
            found = estimate(pair.higher, pair.lower, value)
            comparisons.append(Comparison(f"{what} in {quantity}", found, unit))
    if margin is None:
        return by_direction(comparisons, runs.alpha, at_least, set_aside)
    return by_margin(comparisons, margin, runs.alpha, set_aside)
