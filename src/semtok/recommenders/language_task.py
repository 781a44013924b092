"""What a recommender in a language model is given, and the entry to its training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

from pydantic import TypeAdapter
from safetensors.torch import load_file, save_file

from semtok.config.data import Attributes
from semtok.config.language_models import LanguageModel as LanguageModelSection
from semtok.config.recommenders import without
from semtok.encoders.adapted import merge
from semtok.encoders.attributes import AttributeTokens, read_attributes
from semtok.encoders.language_models import LanguageModel, load
from semtok.errors import DataError
from semtok.recommenders.task import Options, Task
from semtok.run import distributed
from semtok.run.files import atomic_path, read_array, read_table, reading, write_csv


@dataclass(frozen=True, kw_only=True)
class LanguageTask(Task[Options]):
    """A task with a language model."""

    language_model: Mapping[str, Any]
    """Its section of the config."""
    files: Sequence[str] = ()
    """Its files; none for a model of the hub."""
    dense: Mapping[str, Any] | None = None
    """The section of the dense tokenizer whose weights it starts from; None: from its own."""
    dense_model: str | None = None
    """What that has learned (`.safetensors`)."""
    attributes: Mapping[str, Any] | None = None
    """The dataset's attributes, for a method that reads texts (`items`)."""

    def load(self) -> LanguageModel:
        """The language model, with a dense tokenizer's LoRA merged into it if it starts from there."""
        model = load(TypeAdapter(LanguageModelSection).validate_python(self.language_model), self.files)
        if self.dense is not None and self.dense_model is not None:
            with reading(self.dense_model):
                learned = load_file(self.dense_model)
            merge(model.network, learned, self.dense["lora_alpha"])
        return model

    def texts(self, vocabulary: Any) -> AttributeTokens:
        """The items' attributes as tokens of a language model's `vocabulary`."""
        if self.items is None or self.attributes is None:
            raise DataError("items: found no attributes; expected those that the items' texts are made of")
        attributes = Attributes.model_validate(self.attributes)
        return AttributeTokens(read_attributes(self.items, attributes), attributes, vocabulary, None)


def make_task(
    options: Mapping[str, Any],
    left_out: Literal["training", "decoding"],
    codes: str | None,
    interactions: str,
    targets: str,
    **others: Any,
) -> LanguageTask[Any]:
    """The task of a job that is not given the section `left_out` of the options; `others` are its fields by name."""
    tables = (read_table(interactions), read_table(targets))
    found = None if codes is None else read_array(codes)
    return LanguageTask(without(left_out, options), *tables, codes=found, **others)


def run(task: Mapping[str, Any], checkpoint: str, identity: str, model: str, history: str) -> None:
    """Train and write `model` (`.safetensors`) and `history` (`.csv`), in one process or in each of several.

    task: the arguments of `make_task`; plain values, since they are sent to the processes of a training.
    """
    made = make_task(left_out="decoding", **task)
    weights, rows = import_module(made.options.module).train(made, checkpoint, identity)
    if not distributed.is_main():
        return
    with atomic_path(model) as temporary:
        save_file(weights, temporary)
    write_csv(history, rows)
