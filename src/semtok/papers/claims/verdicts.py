"""Every rule by which a claim gets its verdict, without files; docs/statistics.md gives the reasons and the power.

- *reproduced*: the data show what the claim says, with its size where it names one; *reproduced in part*: they show it
  of all comparisons that can be made, but some cannot;
- *not reproduced*: they show otherwise;
- *inconclusive*: they show neither;
- *not comparable*: what is compared was not made on equal terms, or a printed size not on the paper's;
- *synthetic*: no verdict at all, since the data are made up in the place of the paper's.

Where every comparison must hold, each is tested at the full level (an intersection-union test): that all hold by chance
is no likelier than that one does. Where any one suffices, p-values are adjusted by Holm's method: for `at_least` some
of them, and wherever a single reversed one refutes.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Literal

from semtok.papers.statistics import Estimate, holm
from semtok.plan.claim_base import Verdict
from semtok.plan.claim_specs import GAIN_TOLERANCE, PrintedGain

MINIMUM_SEEDS = 3
"""With one, the variance between seeds is unknown, and two say next to nothing of it; so a claim stays inconclusive."""

NOT_RUN = "not run"
"""The source of a claim of which nothing was run."""
CONDITIONS = "a size is compared under the paper's conditions alone"

SYNTHETIC: Verdict = "synthetic"
"""What stands in a verdict's place where the data are made up: they say nothing of a paper."""

_ORDER: tuple[Verdict, ...] = (
    *("not reproduced", "inconclusive", "not comparable", SYNTHETIC),
    *("reproduced in part", "reproduced"),
)
_NAMED = 4
"""Comparisons that a reason names one by one."""


@dataclass(frozen=True)
class Comparison:
    """A difference that the claim says is positive."""

    name: str
    estimate: Estimate
    unit: Literal["fraction", "percent"] = "fraction"
    printed: float | None = None
    """Its size in the paper, in the same unit, where the claim names one."""


@dataclass(frozen=True)
class SetAside:
    """Comparisons of a claim that cannot be made."""

    count: int
    missing: Sequence[str] = ()
    """Rows that are not built."""
    unequal: str = ""
    """Where all are built: what the rows do not have in common."""


@dataclass(frozen=True)
class Finding:
    """The verdict on a claim and what it rests on."""

    verdict: Verdict
    reason: str
    comparisons: Sequence[Comparison] = ()
    p_values: Sequence[float] = ()
    """One a comparison, as a positive verdict asks for them: adjusted where some of several suffice."""
    measured: str = ""
    """What was measured, where no comparison says it."""
    source: str = NOT_RUN
    """Where the data come from."""


def by_direction(
    comparisons: Sequence[Comparison], alpha: float, at_least: int | None = None, set_aside: Sequence[SetAside] = ()
) -> Finding:
    """`at_least` so many of the comparisons (None: all) hold: significant, with the claimed sign.

    Those set aside might hold or not: without them, all that remain are judged.
    """
    if not comparisons:
        return _nothing_left(set_aside)
    count = len(comparisons) + sum(part.count for part in set_aside)
    needed = at_least or count
    adjusted = holm([comparison.estimate.p for comparison in comparisons])
    p_values = [comparison.estimate.p for comparison in comparisons] if needed == count else adjusted
    holds = _significant(comparisons, p_values, alpha, sign=1)
    reversed_ = _significant(comparisons, adjusted, alpha, sign=-1)
    if count - len(reversed_) < needed:
        reason = f"significant in the opposite direction: {_names(reversed_)}"
        return Finding("not reproduced", reason + _aside(set_aside), comparisons, p_values)
    reason = f"{len(holds)} of {len(comparisons)} comparisons hold, {min(needed, len(comparisons))} must"
    if len(comparisons) == 1:
        reason = "the comparison holds" if holds else "the comparison does not hold"
    if len(holds) >= min(needed, len(comparisons)):
        verdict: Verdict = "reproduced" if len(holds) >= needed else "reproduced in part"
        return Finding(verdict, reason + _aside(set_aside), comparisons, p_values)
    unclear = [c.name for c in comparisons if c.name not in holds and c.name not in reversed_]
    for what, names in (("not significant", unclear), ("significant in the opposite direction", reversed_)):
        reason += f"; {what}: {_names(names)}" if names else ""
    return Finding("inconclusive", reason + _aside(set_aside), comparisons, p_values)


def by_margin(
    comparisons: Sequence[Comparison], margin: float, alpha: float, set_aside: Sequence[SetAside] = ()
) -> Finding:
    """Relative gains in percent: every interval above a loss of `margin`; one that lies below it refutes.

    A test of non-inferiority: a loss within the margin refutes nothing, however sure it is. So more data never turn
    *reproduced* into *not reproduced* where the gains stay as they are.

    Args:
        comparisons: relative gains in percent.
        margin: the share that may be lost, as a fraction.
        alpha: level of the test.
        set_aside: what cannot be compared.
    """
    if not comparisons:
        return _nothing_left(set_aside)
    adjusted = holm([comparison.estimate.p for comparison in comparisons])
    least = -100 * margin
    beyond = holm([_p_beyond(comparison.estimate, least, alpha) for comparison in comparisons])
    lost = [c.name for c, p in zip(comparisons, beyond, strict=True) if p < alpha and c.estimate.value < least]
    open_ = [comparison.name for comparison in comparisons if not comparison.estimate.low > least]
    verdict: Verdict = "reproduced in part" if set_aside else "reproduced"
    reason = f"no interval reaches a loss of {margin:.0%}"
    if lost:
        verdict, reason = "not reproduced", f"a loss of more than {margin:.0%}: {_names(lost)}"
    elif open_:
        verdict, reason = "inconclusive", f"a loss of more than {margin:.0%} cannot be ruled out: {_names(open_)}"
    return Finding(verdict, reason + _aside(set_aside), comparisons, adjusted)


def by_printed_size(
    comparisons: Sequence[Comparison], printed: Sequence[PrintedGain], alpha: float, departures: Sequence[str] = ()
) -> Finding:
    """Relative gains in percent: each of the printed size, within `GAIN_TOLERANCE` of it; above it, where it is of one
    size `or_more`.

    The interval decides: reproduced if all of it is, not reproduced if none of it is, or if the gain is significantly
    negative. Where conditions depart from the paper's, a size is not comparable; the opposite direction refutes there
    too.
    """
    p_values = [comparison.estimate.p for comparison in comparisons]
    adjusted = holm(p_values)
    parts = [
        _one_gain(comparison, p, stricter, size, alpha, bool(departures))
        for comparison, p, stricter, size in zip(comparisons, p_values, adjusted, printed, strict=True)
    ]
    reason = "; ".join(reason for _, reason in parts)
    verdict = _worst([verdict for verdict, _ in parts])
    if departures:
        reason += f"; {other_conditions(departures)}"
    beside = [replace(comparison, printed=size.percent) for comparison, size in zip(comparisons, printed, strict=True)]
    return Finding(verdict, reason, beside, p_values)


def other_conditions(departures: Sequence[str]) -> str:
    """Why a size is not comparable."""
    return f"{CONDITIONS}: {'; '.join(departures)}"


def by_runs(against: Sequence[str], measured: str) -> Finding:
    """A pattern that all runs show, none of them, or some; `against` says of each run why not (empty: it does)."""
    verdict: Verdict = "not reproduced" if all(against) else "inconclusive" if any(against) else "reproduced"
    reasons = list(dict.fromkeys(filter(None, against)))
    shown = f"{against.count('')} of {len(against)} runs show it"
    return Finding(verdict, f"{shown}; {_names(reasons)}" if reasons else shown, measured=measured)


def by_parts(parts: Mapping[str, Finding]) -> Finding:
    """The verdict on a claim whose parts must all hold; parts of which nothing was run are set aside.

    No adjustment is made across parts: that all of them hold by chance is less likely than that one does.
    """
    run = {name: part for name, part in parts.items() if part.source != NOT_RUN}
    found = {part.verdict for part in run.values()}
    verdict = _worst(found or {part.verdict for part in parts.values()})
    whole = found == {"reproduced"} and len(run) == len(parts)
    if found & {"reproduced", "reproduced in part"} and not found & {"not reproduced", "inconclusive"} and not whole:
        verdict = "reproduced in part"
    groups: dict[str, list[str]] = {group: [] for group in (*_ORDER, NOT_RUN)}
    for name, part in parts.items():
        groups[part.verdict if name in run else NOT_RUN].append(name)
    reason = "; ".join(f"{group}: {', '.join(names)}" for group, names in groups.items() if names)
    reason = "" if verdict == SYNTHETIC else reason
    sources = "; ".join(dict.fromkeys(part.source for part in parts.values()))
    return Finding(verdict, reason, source=sources)


def with_few_seeds(finding: Finding, seeds: int) -> Finding:
    """The finding, which stays open where a method has fewer than `MINIMUM_SEEDS`."""
    if seeds >= MINIMUM_SEEDS or finding.verdict == "not comparable":
        return finding
    reason = (
        f"{seeds} seed{'s' * (seeds > 1)} only, which tell too little of the variance between seeds; with as many "
        f"{finding.reason}"
    )
    return replace(finding, verdict="inconclusive", reason=reason)


def with_made_up(finding: Finding, vectors: str) -> Finding:
    """The finding on vectors that say nothing of the items (`vectors`; empty: none), which compare with no paper's."""
    if not vectors:
        return finding
    return replace(finding, verdict="not comparable", reason=f"{vectors}; on these {finding.reason}")


def without_verdict(finding: Finding) -> Finding:
    """What was measured on data that are made up in the place of a paper's, and not a word more."""
    return replace(finding, verdict=SYNTHETIC, reason="")


def _one_gain(
    comparison: Comparison, p: float, adjusted: float, printed: PrintedGain, alpha: float, elsewhere: bool
) -> tuple[Verdict, str]:
    """The verdict on one gain, and why; a negative one has the `adjusted` p-value, as any of several refutes."""
    found, name = comparison.estimate, comparison.name
    low, high = sorted((printed.percent * (1 - GAIN_TOLERANCE), printed.percent * (1 + GAIN_TOLERANCE)))
    size = f"{printed.percent:g}% ± {GAIN_TOLERANCE:.0%} of it"
    if printed.or_more:
        high, size = math.inf, f"{printed.percent:g}% or more (from {low:g}% on)"
    if adjusted < alpha and found.value < 0:
        return "not reproduced", f"{name} is significantly negative"
    positive = p < alpha and found.value > 0
    shown = f"{name} is {'significant' if positive else 'not significantly different from zero'}"
    if elsewhere:
        return "not comparable", shown
    if found.high < low or found.low > high:
        return "not reproduced", f"{shown}, and its interval leaves out the claimed {size}"
    if positive and low <= found.low and found.high <= high:
        return "reproduced", f"{shown}, and its interval lies within the claimed {size}"
    return "inconclusive", f"{shown}, but its interval reaches beyond the claimed {size}"


def _p_beyond(estimate: Estimate, bound: float, alpha: float) -> float:
    """Two-sided p-value of a difference from `bound`, by the width of its interval, as of a normal distribution."""
    normal = NormalDist()
    deviation = (estimate.high - estimate.low) / (2 * normal.inv_cdf(1 - alpha / 2))
    if not math.isfinite(deviation) or not math.isfinite(estimate.value):
        return 1.0
    distance = abs(estimate.value - bound)
    return 2 * (1 - normal.cdf(distance / deviation)) if deviation else float(distance == 0)


def _nothing_left(set_aside: Sequence[SetAside]) -> Finding:
    unequal = any(part.unequal for part in set_aside)
    return Finding("not comparable" if unequal else "inconclusive", _aside(set_aside).removeprefix("; "))


def _aside(set_aside: Sequence[SetAside]) -> str:
    missing = list(dict.fromkeys(name for part in set_aside for name in part.missing))
    unequal = list(dict.fromkeys(part.unequal for part in set_aside if part.unequal))
    shown = f"; not built: {', '.join(missing)}" if missing else ""
    return shown + (f"; not comparable: {_names(unequal)}" if unequal else "")


def _worst(verdicts: Iterable[Verdict]) -> Verdict:
    return min(verdicts, key=_ORDER.index)


def _significant(comparisons: Sequence[Comparison], p_values: Sequence[float], alpha: float, sign: int) -> list[str]:
    """Names of the comparisons that are significant with this sign."""
    return [c.name for c, p in zip(comparisons, p_values, strict=True) if p < alpha and sign * c.estimate.value > 0]


def _names(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return "; ".join(names[:_NAMED]) + (f"; and {more} more" if more > 0 else "")
