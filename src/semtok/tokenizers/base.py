"""What goes into a tokenizer and what comes out."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from semtok.config.budget import Epochs

Codes = npt.NDArray[np.int32]


@dataclass(frozen=True)
class TokenizerTask:
    """One tokenizer to run."""

    options: Any
    """The method's class in semtok.config.tokenizers."""
    items: Path
    """items.parquet."""
    views: Mapping[str, Path]
    """One `.npy` a role (`config.tokenizers.encoders_of`): float32 [n_items, dim], NaN rows for items without one."""
    seed: int
    checkpoint: Path | None = None
    """Where training keeps its state, so that a killed job resumes; None keeps none."""
    identity: str = ""
    """What the checkpoint belongs to: a digest of options, code and inputs."""

    @property
    def vectors(self) -> Path:
        """The view of a method that reads one."""
        return self.views["encoder"]


@dataclass(frozen=True)
class Tokens:
    """One tokenizer's result."""

    codes: Codes
    """int32 [n_items, n_levels], before any collision suffix; repaired, if the options ask for it."""
    state: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    """The model's arrays by name; empty for methods without a model."""
    history: list[dict[str, Any]] = field(default_factory=list)
    """One row per epoch (or level, or few steps); empty for methods that do not train."""
    facts: dict[str, Any] = field(default_factory=dict)
    """What else is worth recording, JSON-serialisable."""
    raw_codes: Codes | None = None
    """The codes before a repair of collisions, which are those to diagnose; None: `codes` are."""


def training_length(steps: int | Epochs, steps_per_epoch: int) -> tuple[int, int]:
    """Epochs, of which the last may end early, and steps of a training; `steps` is the option of that name."""
    n_steps = steps if isinstance(steps, int) else steps.epochs * steps_per_epoch
    return math.ceil(n_steps / steps_per_epoch), n_steps


def batch_sizes(n_items: int, batch_size: int, drop_short: bool) -> list[int]:
    """How many items each batch of an epoch has.

    drop_short: leave out a last batch below half the size, unless it is the only one: a loss that compares the items of
        a batch is another one with few of them.
    """
    whole, rest = divmod(n_items, batch_size)
    is_kept = rest > 0 and not (drop_short and whole and rest < batch_size / 2)
    return [batch_size] * whole + [rest] * is_kept
