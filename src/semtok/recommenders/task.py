"""What every recommender is given, and the form of what it gives: its module has `train` and `decode`.

def train(task: RecommenderTask[...], checkpoint: str | Path, identity: str) -> Trained
def decode(task: RecommenderTask[...], weights: Weights) -> Decoded
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from torch import Tensor

from semtok.recommenders.sequences import Integers, Sequences

Options = TypeVar("Options", covariant=True)

Weights = Mapping[str, Tensor]
Trained = tuple[dict[str, Tensor], pd.DataFrame]
"""The weights that validated best, and a history, one row per epoch, without times: equal runs, equal histories."""
Facts = dict[str, float | int]
Decoded = tuple[pd.DataFrame, Facts]
"""The columns of ranks.parquet, one row per test target, and facts about the ranking, without times."""


@dataclass(frozen=True)
class RecommenderTask(Generic[Options]):
    """What training and decoding read. A method takes what it needs; what is not there for it is None."""

    options: Options
    """The section of the config, without the part that only the other of the two reads."""
    interactions: pd.DataFrame
    targets: pd.DataFrame
    """Training reads the `valid` rows only, to choose the weights; decoding the `test` rows."""
    seed: int
    codes: npt.NDArray[np.integer] | None = None
    """[n_items, n_levels], raw; None over plain item ids."""
    items: str | Path | None = None
    """items.parquet: texts, coordinates."""
    tokenizer_model: str | Path | None = None
    """The weights of the tokenizer that made the codes (`.safetensors`)."""

    @cached_property
    def sequences(self) -> Sequences:
        """The interactions of all users."""
        return Sequences.from_interactions(self.interactions)


def ranks_table(targets: pd.DataFrame, ranks: Integers, top: Iterable[npt.NDArray[np.integer]]) -> pd.DataFrame:
    """One row per test target: its rank from 1 (0 becomes null: not found), and the best items, best first."""
    table = targets.loc[targets["split"] == "test", ["target", "user", "item"]].reset_index(drop=True).astype("int32")
    table["rank"] = pd.arrays.IntegerArray(ranks.astype(np.int32), mask=ranks == 0)
    lists: list[Any] = [items.astype(np.int32) for items in top]
    table["top"] = lists
    return table
