"""Judging claims about codes and training: comparisons between runs, where seeds are all that varies."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from semtok.papers.history import matching, read_history
from semtok.papers.phases import find_phases
from semtok.papers.quantities import purities, shape, use
from semtok.papers.seed_tests import paired, welch
from semtok.papers.statistics import Estimate
from semtok.papers.verdicts import Comparison, Finding, judge_not_worse, judge_order, judge_runs
from semtok.plan.cells import Run
from semtok.plan.claim_base import named
from semtok.plan.code_claim_specs import DiagnosticsClaim, PhasesClaim, PurityClaim

Runs = Mapping[str, Sequence[Run]]
Paths = Mapping[Run, str | Path]


class LackingError(Exception):
    """The results hold nothing that a claim could be judged by; the message says what is lacking."""


def judge_diagnostics(
    claim: DiagnosticsClaim, runs: Runs, diagnostics: Paths, confidence: float
) -> tuple[list[Comparison], Finding]:
    """Quantities of pairs of tokenizers, by Welch's t-test over seeds; pairs that were not run decide nothing."""
    alpha = 1 - confidence
    there = [pair for pair in claim.pairs if runs[pair.higher] and runs[pair.lower]]
    if claim.same_shape:
        _check_shapes(named(there), runs, diagnostics)
    comparisons, not_run = [], []
    for pair in claim.pairs:
        for quantity in claim.quantities:
            name = f"{pair.higher} > {pair.lower} in {quantity}"
            if pair not in there:
                not_run.append(name)
                continue
            higher, lower = (_quantity(one, quantity, runs, diagnostics) for one in (pair.higher, pair.lower))
            estimate = welch(higher, lower, confidence)
            if claim.margin is None:
                comparisons.append(Comparison(name, estimate))
            else:
                comparisons.append(_relative(f"{pair.higher} over {pair.lower} in {quantity}", estimate, lower))
    if claim.margin is None:
        return comparisons, judge_order(comparisons, len(comparisons) + len(not_run), alpha, not_run)
    return comparisons, judge_not_worse(comparisons, claim.margin, alpha)


def judge_purity(
    claim: PurityClaim, runs: Runs, diagnostics: Paths, confidence: float
) -> tuple[list[Comparison], Finding]:
    """Purity at each depth against the depth before, paired over seeds; at depth 1 against codes without meaning."""
    _check_shapes([claim.tokenizer, claim.chance], runs, diagnostics)
    found = [purities(diagnostics[run]) for run in runs[claim.tokenizer]]
    chance = [purities(diagnostics[run]) for run in runs[claim.chance]]
    depths = sorted(set.intersection(*(set(values) for values in found)))
    if len(depths) < 2 or any(1 not in values for values in [*found, *chance]):
        raise LackingError(f"the diagnostics of {claim.tokenizer} or {claim.chance} hold no purity of shared prefixes")
    comparisons = [
        Comparison(
            f"purity at depth {deeper} > at depth {depth}",
            paired([values[deeper] for values in found], [values[depth] for values in found], confidence),
        )
        for depth, deeper in pairwise(depths)
    ]
    estimate = welch([values[1] for values in found], [values[1] for values in chance], confidence)
    comparisons.append(Comparison(f"{claim.tokenizer} > {claim.chance} in purity at depth 1", estimate))
    return comparisons, judge_order(comparisons, len(comparisons), 1 - confidence)


def judge_phases(claim: PhasesClaim, runs: Runs, histories: Paths) -> tuple[list[Comparison], Finding]:
    """Three phases in the history of every run."""
    found = []
    for run in runs[claim.tokenizer]:
        history = read_history(histories[run], claim.step)
        levels = matching(history, [claim.perplexity])
        if claim.loss not in history or not levels:
            raise LackingError(f"the history of {run.tokenizer} does not hold {claim.loss} and {claim.perplexity}")
        curves: Any = history.assign(mean_perplexity=history[levels].mean(axis=1))
        curves = curves[[claim.step, claim.loss, "mean_perplexity"]].dropna().to_numpy(dtype=float).T
        if curves.shape[1] < 3 * claim.window:
            rows = f"{curves.shape[1]} rows, fewer than {3 * claim.window}"
            raise LackingError(f"the history of {run.tokenizer} has {rows}: too short for three phases")
        step, loss, perplexity = curves
        found.append(find_phases(step, loss, perplexity, claim.window, claim.thresholds))
    measured = "; ".join(
        f"seed {run.seed}: {one.measured}" for run, one in zip(runs[claim.tokenizer], found, strict=True)
    )
    return [], judge_runs([one.holds for one in found], [one.reason for one in found], measured)


def _check_shapes(names: Sequence[str], runs: Runs, diagnostics: Paths) -> None:
    shapes = {name: " or ".join(dict.fromkeys(shape(diagnostics[run]) for run in runs[name])) for name in names}
    if len(set(shapes.values())) > 1:
        found = ", ".join(f"{name} is {shape}" for name, shape in shapes.items())
        raise LackingError(f"codes of different shapes cannot be compared: {found}")


def _quantity(tokenizer: str, quantity: str, runs: Runs, diagnostics: Paths) -> list[float]:
    found = [use(diagnostics[run]) for run in runs[tokenizer]]
    if any(quantity not in values for values in found):
        raise LackingError(f"the diagnostics of {tokenizer} do not hold {quantity}")
    return [values[quantity] for values in found]


def _relative(name: str, estimate: Estimate, base: Sequence[float]) -> Comparison:
    """In percent of the mean of `base`."""
    scale = sum(base) / len(base) / 100
    if scale == 0:
        raise LackingError(f"{name} is a share of zero")
    scaled = Estimate(estimate.value / scale, estimate.low / scale, estimate.high / scale, estimate.p)
    return Comparison(name, scaled, "percent")
