"""What a scorer that is trained is given; its module has `train` and `score`.

def train(task: ScorerTask[...], checkpoint: str | Path, identity: str) -> Trained
def score(task: ScorerTask[...], weights: Weights) -> DataFrame of `user`, `item`, `clicked`, `score`
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Generic, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from semtok.config.scorers import without
from semtok.recommenders.candidate_prompts import Prompts, Questions
from semtok.recommenders.candidate_training import check_clicks
from semtok.recommenders.in_language_model import LanguageModelInputs, write_trained
from semtok.recommenders.task import Options
from semtok.run import distributed
from semtok.run.files import read_array, read_table


@dataclass(frozen=True, kw_only=True)
class ScorerTask(LanguageModelInputs, Generic[Options]):
    """What training and scoring read. A method takes what it needs; what is not there for it is None."""

    options: Options
    """The section of the config, without the part that only the other of the two reads."""
    interactions: pd.DataFrame
    candidates: pd.DataFrame
    """Training reads those of the `train` users, and of the `valid` ones to choose the weights; scoring the others."""
    path: str
    """Of the candidates, for messages: it names the dataset."""
    seed: int
    codes: npt.NDArray[np.integer] | None = None
    """[n_items, n_levels], raw; None for a scorer of texts."""

    def questions(self, split: Literal["train", "valid", "test"], prompts: Prompts) -> Questions:
        """About the candidates of the users of a split. Raises DataError where those that teach or choose are of one
        kind; there may be none of the validation users."""
        found = Questions.of_split(self.candidates, split, self.interactions, prompts)
        if split == "train" or (split == "valid" and len(found)):
            check_clicks(found, {"train": "train", "valid": "validation"}[split], self.path)
        return found


def make_task(
    options: Mapping[str, Any],
    left_out: Literal["training", "scoring"],
    interactions: str,
    candidates: str,
    codes: str | None,
    **others: Any,
) -> ScorerTask[Any]:
    """The task of a job that is not given the section `left_out` of the options; `others` are its fields by name."""
    return ScorerTask(
        options=without(left_out, options),
        interactions=read_table(interactions),
        candidates=read_table(candidates),
        path=candidates,
        codes=None if codes is None else read_array(codes),
        **others,
    )


def run(task: Mapping[str, Any], checkpoint: str, identity: str, model: str, history: str) -> None:
    """Train and write `model` (`.safetensors`) and `history` (`.csv`), in one process or in each of several.

    task: the arguments of `make_task`; plain values, since they are sent to the processes of a training.
    """
    made = make_task(left_out="scoring", **task)
    trained = import_module(made.options.module).train(made, checkpoint, identity)
    if distributed.is_main():
        write_trained(trained, model, history)
