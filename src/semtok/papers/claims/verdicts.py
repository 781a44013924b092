"""Every rule by which a claim gets its verdict, without files.

A verdict is `reproduced` where the data show what the claim says, `not reproduced` where they show otherwise, and
`inconclusive` where they show neither. Several tests that make one claim are adjusted by Holm's method, also where all
of them must hold: that is on the careful side.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from semtok.papers.statistics import Estimate, holm
from semtok.plan.claim_specs import GAIN_TOLERANCE

Verdict = Literal["reproduced", "not reproduced", "inconclusive"]

MINIMUM_SEEDS = 2
"""With fewer, the variance between seeds is unknown, so that a claim stays inconclusive."""

_ORDER: tuple[Verdict, ...] = ("not reproduced", "inconclusive", "reproduced")
_NAMED = 4
"""Comparisons that a reason names one by one."""


@dataclass(frozen=True)
class Comparison:
    """A difference that the claim says is positive."""

    name: str
    estimate: Estimate
    unit: Literal["fraction", "percent"] = "fraction"


@dataclass(frozen=True)
class Finding:
    """The verdict on a claim and what it rests on."""

    verdict: Verdict
    reason: str
    comparisons: Sequence[Comparison] = ()
    p_values: Sequence[float] = ()
    """Adjusted, one a comparison."""
    measured: str = ""
    """What was measured, where no comparison says it."""
    source: str = "not run"
    """Where the data come from."""


def by_direction(
    comparisons: Sequence[Comparison], alpha: float, at_least: int | None = None, not_run: Sequence[str] = ()
) -> Finding:
    """`at_least` so many of the comparisons (None: all) hold: significant, with the claimed sign.

    Those that were `not_run` may still hold or not: they decide nothing.
    """
    p_values, holds, reversed_, unclear = _tested(comparisons, alpha)
    count = len(comparisons) + len(not_run)
    needed = at_least or count
    reason = f"{len(holds)} of {count} comparisons hold, {needed} must"
    if len(holds) >= needed:
        return Finding("reproduced", reason, comparisons, p_values)
    if count - len(reversed_) < needed:
        reason = f"significant in the opposite direction: {_names(reversed_)}"
        return Finding("not reproduced", reason, comparisons, p_values)
    for what, names in (
        ("not significantly different", unclear),
        ("not run", not_run),
        ("significant in the opposite direction", reversed_),
    ):
        reason += f"; {what}: {_names(names)}" if names else ""
    return Finding("inconclusive", reason, comparisons, p_values)


def by_margin(comparisons: Sequence[Comparison], margin: float, alpha: float) -> Finding:
    """Relative gains in percent: none significantly below zero, and every interval above the margin.

    Args:
        comparisons: relative gains in percent.
        margin: the share that may be lost, as a fraction.
        alpha: level of the test.
    """
    p_values, _, reversed_, _ = _tested(comparisons, alpha)
    if reversed_:
        return Finding("not reproduced", f"significantly worse: {_names(reversed_)}", comparisons, p_values)
    open_ = [comparison.name for comparison in comparisons if not comparison.estimate.low > -100 * margin]
    if not open_:
        return Finding("reproduced", f"no interval reaches a loss of {margin:.0%}", comparisons, p_values)
    reason = f"a loss of more than {margin:.0%} cannot be ruled out: {_names(open_)}"
    return Finding("inconclusive", reason, comparisons, p_values)


def by_printed_size(comparisons: Sequence[Comparison], printed: Sequence[float], alpha: float) -> Finding:
    """Relative gains in percent: each significant, and of the printed size.

    Of the printed size is a gain whose interval contains the printed value, or which is within `GAIN_TOLERANCE` of it.
    """
    p_values, *_ = _tested(comparisons, alpha)
    parts = [
        _one_gain(comparison, p, percent, alpha)
        for comparison, p, percent in zip(comparisons, p_values, printed, strict=True)
    ]
    verdict = _worst([verdict for verdict, _ in parts])
    return Finding(verdict, "; ".join(reason for _, reason in parts), comparisons, p_values)


def by_runs(against: Sequence[str], measured: str) -> Finding:
    """A pattern that all runs show, none of them, or some; `against` says of each run why not (empty: it does)."""
    verdict: Verdict = "not reproduced" if all(against) else "inconclusive" if any(against) else "reproduced"
    reasons = list(dict.fromkeys(filter(None, against)))
    shown = f"{against.count('')} of {len(against)} runs show it"
    return Finding(verdict, f"{shown}; {_names(reasons)}" if reasons else shown, measured=measured)


def by_parts(parts: Mapping[str, Finding]) -> Finding:
    """The verdict on a claim whose parts must all hold.

    No adjustment is made across parts: that all of them hold by chance is less likely than that one does.
    """
    by_verdict = {verdict: [name for name, part in parts.items() if part.verdict == verdict] for verdict in _ORDER}
    reason = "; ".join(f"{verdict}: {', '.join(names)}" for verdict, names in by_verdict.items() if names)
    sources = "; ".join(dict.fromkeys(part.source for part in parts.values()))
    return Finding(_worst([part.verdict for part in parts.values()]), reason, source=sources)


def with_few_seeds(finding: Finding, seeds: int) -> Finding:
    """The finding, which stays open where a method has fewer than `MINIMUM_SEEDS`."""
    if seeds >= MINIMUM_SEEDS:
        return finding
    reason = f"{seeds} seed only, which leaves the variance between seeds unknown; with this seed {finding.reason}"
    return replace(finding, verdict="inconclusive", reason=reason)


def _one_gain(comparison: Comparison, p: float, printed: float, alpha: float) -> tuple[Verdict, str]:
    found, name = comparison.estimate, comparison.name
    within = found.low <= printed <= found.high
    if not p < alpha:
        outside = "" if within else f", though its interval excludes the printed {printed:g}%"
        return "inconclusive", f"{name} is not significantly different from zero{outside}"
    if found.value < 0:
        return "not reproduced", f"{name} is significantly negative"
    if within:
        return "reproduced", f"{name} is significant and its interval contains the printed {printed:g}%"
    if abs(found.value - printed) <= GAIN_TOLERANCE * abs(printed):
        return "reproduced", f"{name} is significant and within {GAIN_TOLERANCE:.0%} of the printed {printed:g}%"
    size = "larger" if found.value > printed else "smaller"
    return "not reproduced", f"{name} is significant but {size} than the printed {printed:g}%"


def _worst(verdicts: Sequence[Verdict]) -> Verdict:
    return min(verdicts, key=_ORDER.index)


def _tested(comparisons: Sequence[Comparison], alpha: float) -> tuple[list[float], list[str], list[str], list[str]]:
    """Adjusted p-values; names of the comparisons that hold, that are reversed, and that are not significant."""
    p_values = holm([comparison.estimate.p for comparison in comparisons])
    holds: list[str] = []
    reversed_: list[str] = []
    unclear: list[str] = []
    for comparison, p in zip(comparisons, p_values, strict=True):
        side = unclear if not p < alpha else holds if comparison.estimate.value > 0 else reversed_
        side.append(comparison.name)
    return p_values, holds, reversed_, unclear


def _names(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return "; ".join(names[:_NAMED]) + (f"; and {more} more" if more > 0 else "")
