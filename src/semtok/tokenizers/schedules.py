"""Values that change over the steps of a training."""

import math
from typing import Literal


def learning_rate_factor(step: int, n_steps: int, schedule: Literal["constant", "cosine"], warmup: float) -> float:
    """What the learning rate is multiplied with at step 0 <= `step` < `n_steps`.

    A linear rise over the share `warmup` of the steps, then 1, or half a cosine down to 0.
    """
    n_warmup = round(warmup * n_steps)
    if step < n_warmup:
        return (step + 1) / n_warmup
    if schedule == "constant":
        return 1.0
    return (1 + math.cos(math.pi * (step - n_warmup) / max(n_steps - n_warmup, 1))) / 2


def annealed(step: int, n_steps: int, start: float, end: float, share: float) -> float:
    """SimCIT's temperature alpha at a step: max(end, start e^{-kappa step}), which is `end` from `share` of the steps.

    methods.md 3.6, item 8: kappa = ln(start / end) / (share n_steps).
    """
    decayed: float = start * (end / start) ** (step / (share * n_steps))
    return max(end, decayed)
