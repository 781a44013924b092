"""What a training in a language model is given of it, and what it writes: of recommenders and of scorers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from safetensors.torch import load_file, save_file

from semtok.config.data import Attributes
from semtok.config.language_models import LanguageModelEntry as LanguageModelSection
from semtok.config.language_models import LanguageModelOptions
from semtok.encoders.adapted import merge
from semtok.encoders.attributes import AttributeTokens, read_attributes
from semtok.encoders.language_models import LanguageModel, MaskedLanguageModel, load, load_masked
from semtok.errors import DataError
from semtok.recommenders.task import Trained
from semtok.run.files import atomic_path, reading, write_csv


@dataclass(frozen=True, kw_only=True)
class LanguageModelInputs:
    """What of a language model is among the fields of a task."""

    language_model: Mapping[str, Any]
    """Its section of the config."""
    files: Sequence[str] = ()
    """Its files; none for a model of the hub."""
    dense: Mapping[str, Any] | None = None
    """The section of the dense tokenizer whose weights it starts from; None: from its own."""
    dense_model: str | None = None
    """What that has learned (`.safetensors`)."""
    items: str | Path | None = None
    """items.parquet, for a method that reads texts."""
    attributes: Mapping[str, Any] | None = None
    """The fields of the texts in it."""

    def load(self) -> LanguageModel:
        """The OPT, with a dense tokenizer's LoRA merged into it if it starts from there."""
        model = load(self._section, self.files)
        if self.dense is not None and self.dense_model is not None:
            with reading(self.dense_model):
                learned = load_file(self.dense_model)
            merge(model.network, learned, self.dense["lora_alpha"])
        return model

    def load_masked(self) -> MaskedLanguageModel:
        """The BERT."""
        return load_masked(self._section, self.files)

    @property
    def _section(self) -> LanguageModelOptions:
        found: LanguageModelOptions = TypeAdapter(LanguageModelSection).validate_python(self.language_model)
        return found

    def texts(self, vocabulary: Any, max_tokens: int | None = None) -> AttributeTokens:
        """The items' attributes as tokens of a language model's `vocabulary`."""
        if self.items is None or self.attributes is None:
            raise DataError("items: found no attributes; expected those that the items' texts are made of")
        attributes = Attributes.model_validate(self.attributes)
        return AttributeTokens(read_attributes(self.items, attributes), attributes, vocabulary, max_tokens)


def inputs_of(read: Any, params: Any) -> dict[str, Any]:
    """Those fields of a job that has them, by name; plain values, since they are sent to the processes of a training.

    read, params: the job's inputs and params.
    """
    return {
        "language_model": dict(params.language_model),
        "files": [str(file) for file in read.get("language_model") or []],
        "dense": params.dense,
        "dense_model": read.get("dense_model") or None,
        "items": read.get("texts") or None,
        "attributes": params.get("attributes"),
    }


def write_trained(trained: Trained, model: str, history: str) -> None:
    """What a training gives to `model` (`.safetensors`) and `history` (`.csv`)."""
    weights, rows = trained
    with atomic_path(model) as temporary:
        save_file(weights, temporary)
    write_csv(history, rows)
