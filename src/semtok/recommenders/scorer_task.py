"""What a scorer that is trained is given; its module has `train` and `score`.

def train(task: ScorerTask[...], checkpoint: str | Path, identity: str) -> Trained
def score(task: ScorerTask[...], weights: Weights) -> DataFrame of `user`, `item`, `clicked`, `score`
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Generic, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import TypeAdapter
from safetensors.torch import load_file, save_file

from semtok.config.data import Attributes
from semtok.config.language_models import LanguageModel as LanguageModelSection
from semtok.config.language_models import LanguageModelOptions
from semtok.config.scorers import without
from semtok.encoders.adapted import merge
from semtok.encoders.attributes import AttributeTokens, read_attributes
from semtok.encoders.language_models import LanguageModel, MaskedModel, load, load_masked
from semtok.errors import DataError
from semtok.recommenders.candidate_prompts import Prompts, Questions
from semtok.recommenders.candidate_training import check_clicks
from semtok.recommenders.task import Options
from semtok.run import distributed
from semtok.run.files import atomic_path, read_array, read_table, reading, write_csv


@dataclass(frozen=True, kw_only=True)
class ScorerTask(Generic[Options]):
    """What training and scoring read. A method takes what it needs; what is not there for it is None."""

    options: Options
    """The section of the config, without the part that only the other of the two reads."""
    interactions: pd.DataFrame
    candidates: pd.DataFrame
    """Training reads those of the `train` users, and of the `valid` ones to choose the weights; scoring the others."""
    path: str
    """Of the candidates, for messages: it names the dataset."""
    seed: int
    language_model: Mapping[str, Any]
    """Its section of the config."""
    files: Sequence[str] = ()
    """Its files; none for a model of the hub."""
    codes: npt.NDArray[np.integer] | None = None
    """[n_items, n_levels], raw; None for a scorer of texts."""
    items: str | None = None
    """items.parquet."""
    attributes: Mapping[str, Any] | None = None
    """The fields of the texts in it."""
    dense: Mapping[str, Any] | None = None
    """The section of the dense tokenizer whose weights it starts from; None: from its own."""
    dense_model: str | None = None
    """What that has learned (`.safetensors`)."""

    def load(self) -> LanguageModel:
        """The OPT, with a dense tokenizer's LoRA merged into it if it starts from there."""
        model = load(self._section, self.files)
        if self.dense is not None and self.dense_model is not None:
            with reading(self.dense_model):
                learned = load_file(self.dense_model)
            merge(model.network, learned, self.dense["lora_alpha"])
        return model

    def load_masked(self) -> MaskedModel:
        """The BERT."""
        return load_masked(self._section, self.files)

    @property
    def _section(self) -> LanguageModelOptions:
        found: LanguageModelOptions = TypeAdapter(LanguageModelSection).validate_python(self.language_model)
        return found

    def texts(self, vocabulary: Any, max_tokens: int | None) -> AttributeTokens:
        """The items' attributes as tokens of a language model's `vocabulary`."""
        if self.items is None or self.attributes is None:
            raise DataError("items: found no attributes; expected those that the items' texts are made of")
        attributes = Attributes.model_validate(self.attributes)
        return AttributeTokens(read_attributes(self.items, attributes), attributes, vocabulary, max_tokens)

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
    weights, rows = import_module(made.options.module).train(made, checkpoint, identity)
    if not distributed.is_main():
        return
    with atomic_path(model) as temporary:
        save_file(weights, temporary)
    write_csv(history, rows)
