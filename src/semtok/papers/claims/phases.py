"""Judging the claim of three phases of training (SimCIT, section IV-D): are they in the histories?"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from semtok.papers.claims.runs import ExhibitRuns, LackingError
from semtok.papers.claims.verdicts import Finding, by_runs
from semtok.papers.history import matching, read_history
from semtok.plan.claim_specs import PhasesClaim, Thresholds

Floats = npt.NDArray[np.float64]


def judge_phases(claim: PhasesClaim, runs: ExhibitRuns) -> Finding:
    """Every run must show the phases."""
    found = {
        seed: find_phases(*_curves(claim, path), claim.window, claim.thresholds)
        for seed, path in runs.histories(claim.tokenizer).items()
    }
    measured = "; ".join(f"seed {seed}: {values}" for seed, (_, values) in found.items())
    return by_runs([against for against, _ in found.values()], measured)


def find_phases(step: Floats, loss: Floats, perplexity: Floats, window: int, thresholds: Thresholds) -> tuple[str, str]:
    """Whether the loss falls, rises and falls again, and perplexity rises where the loss does.

    The second phase is the rise of perplexity: from the last step at which it has left its lowest value by no more
    than `thresholds.rise` of its range, to the first at which it lacks no more of its highest. The loss must fall
    before it, rise within it, and fall from there to the end, each time by `thresholds.loss` of its range.

    Args:
        step: of each row of the history, rising.
        loss: the training loss.
        perplexity: of the hard codes.
        window: rows in a running mean.
        thresholds: what counts as moved.

    Returns:
        what speaks against it (empty if it holds), and what was measured.
    """
    loss, perplexity = _smooth(loss, window), _smooth(perplexity, window)
    highest = perplexity.max()
    lowest = perplexity[: int(perplexity.argmax()) + 1].min()
    growth = (highest - lowest) / lowest
    if growth < thresholds.growth:
        return "perplexity does not rise", f"perplexity {lowest:.1f} to {highest:.1f}"
    slack = thresholds.rise * (highest - lowest)
    end = int(np.argmax(perplexity >= highest - slack))
    start = int(np.flatnonzero(perplexity[: end + 1] <= lowest + slack)[-1])
    needed = thresholds.loss * (loss.max() - loss.min())
    peak = loss[start : end + 1].max()
    changes = {
        "the loss does not fall before perplexity rises": loss[0] - loss[start],
        "the loss does not rise while perplexity rises": peak - loss[start],
        "the loss does not fall after perplexity has risen": peak - loss[-1],
    }
    missing = [reason for reason, change in changes.items() if not (change > 0 and change >= needed)]
    measured = (
        f"perplexity {lowest:.1f} to {highest:.1f} between steps {step[start]:g} and {step[end]:g}; "
        f"loss {loss[0]:.3g}, {loss[start]:.3g}, {peak:.3g}, {loss[-1]:.3g}"
    )
    return ", and ".join(missing), measured


def _curves(claim: PhasesClaim, path: Path) -> tuple[Floats, Floats, Floats]:
    """Steps, the loss and the mean perplexity of a history, where all three are logged."""
    history = read_history(path, claim.step)
    levels = matching(history, [claim.perplexity])
    if claim.loss not in history or not levels:
        raise LackingError(f"the history of {claim.tokenizer} does not hold {claim.loss} and {claim.perplexity}")
    columns = [history[claim.step], history[claim.loss], history[levels].mean(axis=1)]
    curves = pd.concat(columns, axis=1).dropna().to_numpy(dtype=float).T
    if curves.shape[1] < 3 * claim.window:
        rows = f"{curves.shape[1]} rows, fewer than {3 * claim.window}"
        raise LackingError(f"the history of {claim.tokenizer} has {rows}: too short for three phases")
    step, loss, perplexity = curves
    return step, loss, perplexity


def _smooth(values: Floats, window: int) -> Floats:
    result: Floats = pd.Series(values).rolling(window, center=True, min_periods=1).mean().to_numpy()
    return result
