"""What a recommender in a language model is given, and the entry to its training."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

from semtok.config.recommenders import without
from semtok.recommenders.in_language_model import LanguageModelInputs, write_trained
from semtok.recommenders.task import Options, RecommenderTask
from semtok.run import distributed
from semtok.run.files import read_array, read_table


@dataclass(frozen=True, kw_only=True)
class LanguageModelTask(LanguageModelInputs, RecommenderTask[Options]):
    """A task with a language model."""


def make_task(
    options: Mapping[str, Any],
    left_out: Literal["training", "decoding"],
    codes: str | None,
    interactions: str,
    targets: str,
    **others: Any,
) -> LanguageModelTask[Any]:
    """The task of a job that is not given the section `left_out` of the options; `others` are its fields by name."""
    tables = (read_table(interactions), read_table(targets))
    found = None if codes is None else read_array(codes)
    return LanguageModelTask(without(left_out, options), *tables, codes=found, **others)


def run(task: Mapping[str, Any], checkpoint: str, identity: str, model: str, history: str) -> None:
    """Train and write `model` (`.safetensors`) and `history` (`.csv`), in one process or in each of several.

    task: the arguments of `make_task`; plain values, since they are sent to the processes of a training.
    """
    made = make_task(left_out="decoding", **task)
    trained = import_module(made.options.module).train(made, checkpoint, identity)
    if distributed.is_main():
        write_trained(trained, model, history)
