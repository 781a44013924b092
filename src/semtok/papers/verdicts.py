"""Estimates to verdicts: the rules, without files.

A verdict is `reproduced` where the data show what the claim says, `not reproduced` where they show otherwise, and
`inconclusive` where they show neither. Several tests that make one claim are adjusted by Holm's method, also where all
of them must hold: that is on the careful side.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from semtok.papers.statistics import Estimate, holm

Verdict = Literal["reproduced", "not reproduced", "inconclusive"]

GAIN_TOLERANCE = 0.25
"""A significant gain whose interval misses the printed one still counts if it is within this share of it."""

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
    """What a claim's test found."""

    verdict: Verdict
    reason: str
    p_values: list[float]
    """Adjusted, one a comparison or gain."""
    measured: str = ""
    """What was measured, where no comparison says it."""


def judge_order(comparisons: Sequence[Comparison], needed: int, alpha: float, not_run: Sequence[str] = ()) -> Finding:
    """At least `needed` of the comparisons hold: significant, with the claimed sign.

    Those that were `not_run` may still hold or not: they decide nothing.
    """
    p_values = holm([comparison.estimate.p for comparison in comparisons])
    holds, reversed_, unclear = _sorted(comparisons, p_values, alpha)
    count = len(comparisons) + len(not_run)
    if len(holds) >= needed:
        return Finding("reproduced", f"{len(holds)} of {count} comparisons hold, {needed} must", p_values)
    if count - len(reversed_) < needed:
        return Finding("not reproduced", f"significantly the other way round: {_names(reversed_)}", p_values)
    reason = f"{len(holds)} of {count} comparisons hold, {needed} must"
    if unclear:
        reason += f"; not significantly different: {_names(unclear)}"
    if not_run:
        reason += f"; not run: {_names(not_run)}"
    if reversed_:
        reason += f"; significantly the other way round: {_names(reversed_)}"
    return Finding("inconclusive", reason, p_values)


def judge_not_worse(comparisons: Sequence[Comparison], margin: float, alpha: float) -> Finding:
    """Relative gains in percent: none significantly below zero, and every interval above the margin.

    Args:
        comparisons: relative gains in percent.
        margin: the share that may be lost, as a fraction.
        alpha: level of the test.
    """
    p_values = holm([comparison.estimate.p for comparison in comparisons])
    _, reversed_, _ = _sorted(comparisons, p_values, alpha)
    if reversed_:
        return Finding("not reproduced", f"significantly worse: {_names(reversed_)}", p_values)
    open_ = [comparison.name for comparison in comparisons if not comparison.estimate.low > -100 * margin]
    if not open_:
        return Finding("reproduced", f"no interval reaches a loss of {margin:.0%}", p_values)
    return Finding("inconclusive", f"a loss of more than {margin:.0%} cannot be ruled out: {_names(open_)}", p_values)


def judge_gains(comparisons: Sequence[Comparison], printed: Sequence[float], alpha: float) -> Finding:
    """Relative gains in percent: each significant, and of the printed size.

    Of the printed size is a gain whose interval holds the printed value, or which is within `GAIN_TOLERANCE` of it.
    """
    p_values = holm([comparison.estimate.p for comparison in comparisons])
    parts = [
        _judge_gain(comparison, p, percent, alpha)
        for comparison, p, percent in zip(comparisons, p_values, printed, strict=True)
    ]
    verdict = min((verdict for verdict, _ in parts), key=_ORDER.index)
    return Finding(verdict, "; ".join(reason for _, reason in parts), p_values)


def judge_runs(holds: Sequence[bool], reasons: Sequence[str], measured: str) -> Finding:
    """A pattern that each run shows or does not: all of them, none of them, or some."""
    verdict: Verdict = "reproduced" if all(holds) else "inconclusive" if any(holds) else "not reproduced"
    reason = f"{sum(holds)} of {len(holds)} runs show it"
    against = list(dict.fromkeys(reason for held, reason in zip(holds, reasons, strict=True) if not held))
    return Finding(verdict, f"{reason}; {_names(against)}" if against else reason, [], measured)


def join(verdicts: Mapping[str, Verdict]) -> tuple[Verdict, str]:
    """The verdict on a claim whose parts must all hold, and the reason.

    No adjustment is made across parts: that all of them hold by chance is less likely than that one does.
    """
    by_verdict = {verdict: [name for name, found in verdicts.items() if found == verdict] for verdict in _ORDER}
    reason = "; ".join(f"{verdict}: {', '.join(names)}" for verdict, names in by_verdict.items() if names)
    return min(verdicts.values(), key=_ORDER.index), reason


def _judge_gain(comparison: Comparison, p: float, printed: float, alpha: float) -> tuple[Verdict, str]:
    found, name = comparison.estimate, comparison.name
    within = found.low <= printed <= found.high
    if not p < alpha:
        outside = "" if within else f", though the interval leaves out the printed {printed:g}%"
        return "inconclusive", f"{name} is not significantly different from zero{outside}"
    if found.value < 0:
        return "not reproduced", f"{name} is significantly negative"
    if within:
        return "reproduced", f"{name} is significant and its interval holds the printed {printed:g}%"
    if abs(found.value - printed) <= GAIN_TOLERANCE * abs(printed):
        return "reproduced", f"{name} is significant and within {GAIN_TOLERANCE:.0%} of the printed {printed:g}%"
    size = "larger" if found.value > printed else "smaller"
    return "not reproduced", f"{name} is significant but {size} than the printed {printed:g}%"


def _sorted(
    comparisons: Sequence[Comparison], p_values: Sequence[float], alpha: float
) -> tuple[list[str], list[str], list[str]]:
    """Names of the comparisons that hold, that are reversed, and that are not significantly different."""
    holds: list[str] = []
    reversed_: list[str] = []
    unclear: list[str] = []
    for comparison, p in zip(comparisons, p_values, strict=True):
        if p < alpha:
            (holds if comparison.estimate.value > 0 else reversed_).append(comparison.name)
        else:
            unclear.append(comparison.name)
    return holds, reversed_, unclear


def _names(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return "; ".join(names[:_NAMED]) + (f"; and {more} more" if more > 0 else "")
