"""Values that change over the steps of a training."""

import math
from typing import Literal


def learning_rate(
    peak: float, step: int, n_steps: int, schedule: Literal["constant", "cosine"], warmup: float
) -> float:
    """The rate of step 0 <= `step` < `n_steps`.

    A linear rise to `peak` over the share `warmup` of the steps, then constant, or half a cosine down to 0.
    """
    n_warmup = round(warmup * n_steps)
    if step < n_warmup:
        return peak * (step + 1) / n_warmup
    if schedule == "constant":
        return peak
    done = (step - n_warmup) / max(n_steps - n_warmup, 1)
    return peak * 0.5 * (1 + math.cos(math.pi * done))


def annealed(step: int, n_steps: int, start: float, end: float, share: float) -> float:
    """SimCIT's temperature alpha at a step: max(end, start e^{-kappa step}), which is `end` from `share` of the steps.

    kappa = ln(start / end) / (share n_steps).
    """
    decayed: float = start * (end / start) ** (step / (share * n_steps))
    return max(end, decayed)
