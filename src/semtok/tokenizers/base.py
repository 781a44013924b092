"""What goes into a tokenizer and what comes out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Task:
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
    """A row an epoch (or level); empty for methods that do not train."""
    facts: dict[str, Any] = field(default_factory=dict)
    """What else is worth recording, JSON-serialisable."""
    raw_codes: Codes | None = None
    """The codes before a repair of collisions, which are those to diagnose (methods.md 1.5); None: `codes` are."""
