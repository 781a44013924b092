"""Runs and their ranks to samples of users."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from semtok.errors import DataError
from semtok.papers.metrics import beam_width, gains, read_ranks
from semtok.papers.statistics import Bootstrap, Sample
from semtok.plan.cells import Run

Columns = Sequence[tuple[str, int]]
"""Metric and k of each column."""


@dataclass(frozen=True)
class Uncertainty:
    """How intervals are made: the config's `evaluation`."""

    bootstrap_samples: int
    confidence: float
    seed: int


class Measured:
    """The runs of one dataset, method by method, over the same targets.

    Args:
        ranks: the ranks of each run.
        methods: each method's runs, one a seed.
        columns: metric and k of each column.
        uncertainty: how intervals are made.
        optional_ks: k for which a narrower beam has no number, instead of raising.

    Raises:
        DataError: two runs were tested on different targets.
    """

    def __init__(
        self,
        ranks: Mapping[Run, str | Path],
        methods: Mapping[str, Sequence[Run]],
        columns: Columns,
        uncertainty: Uncertainty,
        optional_ks: Collection[int] = (),
    ) -> None:
        self.columns = list(columns)
        self._methods = list(methods)
        self._seeds = {method: len(runs) for method, runs in methods.items()}
        samples, beams = _samples(ranks, methods, self.columns, optional_ks)
        self._beams = {method: min(beams[run] for run in runs) for method, runs in methods.items()}
        self.targets = int(samples[0].targets.sum())
        self.users = len(samples[0].targets)
        self.bootstrap = Bootstrap(samples, uncertainty.bootstrap_samples, uncertainty.confidence, uncertainty.seed)

    def method(self, name: str) -> int:
        """The method's index in the bootstrap's statistics."""
        return self._methods.index(name)

    def column(self, metric: str, k: int) -> int:
        """The column's index in the bootstrap's statistics."""
        return self.columns.index((metric, k))

    def seeds(self, name: str) -> int:
        """How many seeds the method has."""
        return self._seeds[name]

    def beam(self, name: str) -> int:
        """How many items were ranked for a target, in the method's narrowest run."""
        return self._beams[name]


def _samples(
    ranks: Mapping[Run, str | Path],
    methods: Mapping[str, Sequence[Run]],
    columns: Columns,
    optional_ks: Collection[int],
) -> tuple[list[Sample], dict[Run, int]]:
    first: pd.DataFrame | None = None
    first_path: str | Path = ""
    # Variants that resolve to one entry share its runs: each file is read once.
    earned: dict[Run, np.ndarray] = {}
    beams: dict[Run, int] = {}
    for run in dict.fromkeys(run for runs in methods.values() for run in runs):
        path = ranks[run]
        frame = read_ranks(path)
        if first is None:
            first, first_path = frame, path
            users, groups = np.unique(frame["user"].to_numpy(), return_inverse=True)
            blank = np.full(len(users), np.nan)
        _same_targets(first, first_path, frame, path)
        beams[run] = beam_width(frame)
        # A beam that does not reach k cannot tell: its column stays undefined, and disturbs no other.
        known = [k <= beams[run] or k not in optional_ks for _, k in columns]
        per_user = [
            np.bincount(groups, weights=gains(frame, metric, k), minlength=len(users)) if reached else blank
            for (metric, k), reached in zip(columns, known, strict=True)
        ]
        earned[run] = np.stack(per_user, axis=1)
    targets = np.bincount(groups, minlength=len(users)).astype(np.float64)
    return [Sample(np.stack([earned[run] for run in runs]), targets) for runs in methods.values()], beams


def _same_targets(first: pd.DataFrame, first_path: str | Path, other: pd.DataFrame, path: str | Path) -> None:
    keys = ["target", "user", "item"]
    if not first[keys].astype("int64").equals(other[keys].astype("int64")):
        raise DataError(f"{path}: found other targets than in {first_path}; expected the same for a comparison")
