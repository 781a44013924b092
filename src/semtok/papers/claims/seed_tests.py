"""Tests of quantities that are one number a run, where seeds are all that varies."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import stats

from semtok.papers.statistics import Estimate


def welch(first: Sequence[float], second: Sequence[float], confidence: float) -> Estimate:
    """Mean of `first` less mean of `second`, over seeds that are not paired: Welch's t-test, two-sided.

    With fewer than two seeds on a side nothing is known: an unbounded interval and p = 1. Without any variance the
    difference is exact.
    """
    value, seeds = float(np.mean(first) - np.mean(second)), min(len(first), len(second))
    if seeds < 2 or np.ptp(first) == np.ptp(second) == 0:
        return _without_variance(value, seeds)
    return _tested(value, stats.ttest_ind(first, second, equal_var=False), confidence)


def paired(first: Sequence[float], second: Sequence[float], confidence: float) -> Estimate:
    """Mean difference of two quantities of the same runs: the t-test of the differences, two-sided."""
    differences = np.asarray(first, dtype=float) - np.asarray(second, dtype=float)
    value, seeds = float(differences.mean()), len(differences)
    if seeds < 2 or np.ptp(differences) == 0:
        return _without_variance(value, seeds)
    return _tested(value, stats.ttest_1samp(differences, 0.0), confidence)


def _without_variance(value: float, seeds: int) -> Estimate:
    if seeds < 2:
        return Estimate(value, float("-inf"), float("inf"), 1.0)
    return Estimate(value, value, value, 1.0 if value == 0 else 0.0)


def _tested(value: float, test: Any, confidence: float) -> Estimate:
    low, high = test.confidence_interval(confidence)
    return Estimate(value, float(low), float(high), float(test.pvalue))
