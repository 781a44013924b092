"""The entry to every recommender's training: run the method that the options name, and write what it gives."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from safetensors.torch import save_file

from semtok.config.recommenders import without
from semtok.recommenders.task import RecommenderTask
from semtok.run import distributed
from semtok.run.files import atomic_path, read_array, read_table, write_csv


def run(
    options: Mapping[str, Any],
    codes: str | None,
    interactions: str,
    targets: str,
    items: str | None,
    tokenizer_model: str | None,
    seed: int,
    checkpoint: str,
    identity: str,
    model: str,
    history: str,
) -> None:
    """Train and write `model` (`.safetensors`) and `history` (`.csv`), in one process or in each of several.

    The arguments are plain values, since they are sent to the processes of a training. What the method does not read
    (`codes`, `items`, `tokenizer_model`) is None.
    """
    chosen = without("decoding", options)
    task = RecommenderTask(
        chosen,
        read_table(interactions),
        read_table(targets),
        seed,
        codes=None if codes is None else read_array(codes),
        items=items,
        tokenizer_model=tokenizer_model,
    )
    weights, rows = import_module(chosen.module).train(task, checkpoint, identity)
    if not distributed.is_main():
        return
    with atomic_path(model) as temporary:
        save_file(weights, temporary)
    write_csv(history, rows)
