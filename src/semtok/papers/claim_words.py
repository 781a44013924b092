"""A claim's test, in words."""

from collections.abc import Sequence

from semtok.papers.evidence import columns_of
from semtok.papers.verdicts import GAIN_TOLERANCE
from semtok.plan.claim_specs import (
    AnyClaim,
    CollisionClaim,
    GainClaim,
    GainContrastClaim,
    JointClaim,
    NotWorseClaim,
    ShrinkingGainClaim,
)
from semtok.plan.code_claim_specs import DiagnosticsClaim, PhasesClaim, PurityClaim


def describe_test(claim: AnyClaim, alpha: float) -> str:
    """The test behind a verdict at level `alpha`."""
    level = f"Holm-adjusted p < {alpha:.2g}"
    bootstrap = "paired bootstrap over users with the noise between seeds added"
    count = 0 if isinstance(claim, JointClaim) else len(columns_of(claim))
    if isinstance(claim, GainClaim):
        words = (
            f"relative gain of {claim.better} over {claim.worse}, {bootstrap}: above zero ({level}), and the interval"
            f" holds the printed value or the gain is within {GAIN_TOLERANCE:.0%} of it"
        )
    elif isinstance(claim, ShrinkingGainClaim):
        words = (
            f"relative gain of {claim.better} over {claim.worse}, {bootstrap}: falls from each k to the next ({level})"
        )
    elif isinstance(claim, NotWorseClaim):
        words = (
            f"relative gain of {claim.better} over {claim.other} in {count} cells, {bootstrap}: none below zero"
            f" ({level}), and every interval above -{claim.margin:.0%}"
        )
    elif isinstance(claim, CollisionClaim):
        words = (
            "t-tests over seeds on raw codes: items collide with their nearest neighbour of another vector more often"
            f" than random pairs do under {claim.more}, and {claim.more} has the higher collision rate and the higher"
            f" rate of collision with that neighbour than {claim.fewer} ({level})"
        )
    elif isinstance(claim, GainContrastClaim):
        words = (
            f"{claim.scale} gain of {claim.better} over {claim.worse}, mean over {' and '.join(claim.larger)} less mean"
            f" over {' and '.join(claim.smaller)}, {bootstrap} of each dataset: above zero for every k ({level})"
        )
    elif isinstance(claim, DiagnosticsClaim | PurityClaim | PhasesClaim):
        words = _about_codes(claim, level)
    elif isinstance(claim, JointClaim):
        words = "all parts must be reproduced, and one that is not decides; each is adjusted within itself"
    else:
        comparisons = len(claim.pairs) * count
        needed = f"at least {claim.at_least}" if claim.at_least else "all" if comparisons > 1 else "the one"
        words = f"{comparisons} differences, {bootstrap}: {needed} above zero ({level})"
    return sentences([words, claim.note])


def _about_codes(claim: DiagnosticsClaim | PurityClaim | PhasesClaim, level: str) -> str:
    if isinstance(claim, PurityClaim):
        return (
            "t-tests over seeds: the share of items in the most frequent category of their prefix, over prefixes of"
            " several items, rises from each depth to the next, and at depth 1 is above that of"
            f" {claim.chance} ({level})"
        )
    if isinstance(claim, PhasesClaim):
        shares = claim.thresholds
        return (
            f"per run, curves smoothed over {claim.window} logged rows: mean perplexity of the levels rises by at"
            f" least {shares.growth:.0%}; before its rise (from {shares.rise:.0%} to {1 - shares.rise:.0%} of its"
            " range) the loss falls, within it the loss rises, and from there it falls to the end, each by"
            f" {shares.loss:.0%} of its range; all runs must show it, and if none does it is not reproduced"
        )
    count = len(claim.pairs) * len(claim.quantities)
    if claim.margin is not None:
        return (
            f"Welch's t-tests over seeds of {' and '.join(claim.quantities)}, {count} in all: none significantly lower"
            f" ({level}), and every interval above -{claim.margin:.0%}"
        )
    return (
        f"{count} Welch's t-tests over seeds of {' and '.join(claim.quantities)}: all differences above zero ({level})"
    )


def sentences(parts: Sequence[str]) -> str:
    """The parts that are not empty, each as a sentence."""
    return " ".join(f"{part[0].upper()}{part[1:].rstrip('.')}." for part in parts if part)
