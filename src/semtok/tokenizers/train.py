"""The entry to every tokenizer: run the method that the options name, and write what it gives."""

import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import TypeAdapter
from safetensors.numpy import save

from semtok.config.tokenizers import Tokenizer
from semtok.errors import SemtokError
from semtok.run.files import atomic_path, write_array
from semtok.tokenizers.base import Task, Tokens


def run(
    options: Mapping[str, Any],
    items: str,
    views: Mapping[str, str],
    seed: int,
    checkpoint: str,
    identity: str,
    outputs: Mapping[str, str],
) -> None:
    """Run the method and write its `outputs` (of `write`, by name), in one process or in each of several.

    The arguments are plain values, since they reach the processes of a training as JSON.
    """
    chosen = TypeAdapter[Tokenizer](Tokenizer).validate_python(options)
    tokens = tokenize(chosen, items, views, seed, checkpoint, identity)
    if chosen.trains_on_gpu:
        # Here, since it needs torch, which the other methods do without.
        from semtok.run import processes

        if not processes.is_main():
            return
    write(tokens, **outputs)


def tokenize(
    options: Tokenizer,
    items: str | Path,
    views: Mapping[str, str | Path],
    seed: int,
    checkpoint: str | Path | None = None,
    identity: str = "",
) -> Tokens:
    """Give every item its codes.

    Training resumes from `checkpoint` if that belongs to `identity`; who has written the result deletes it.
    """
    task = Task(
        options=options,
        items=Path(items),
        views={role: Path(path) for role, path in views.items()},
        seed=seed,
        checkpoint=None if checkpoint is None else Path(checkpoint),
        identity=identity,
    )
    tokens: Tokens = import_module(options.module).tokenize(task)
    # A last step may spoil the weights behind a loss that was finite, and codes can be had of any weights.
    if broken := [name for name, array in tokens.state.items() if not np.isfinite(array).all()]:
        raise SemtokError(
            f"{options.method}: found weights that are not finite numbers ({broken[0]}, and {len(broken) - 1} others); "
            "lower learning_rate, or check the scale of the encoders' vectors"
        )
    return tokens


def write(
    tokens: Tokens,
    codes: str | Path,
    model: str | Path,
    history: str | Path,
    raw_codes: str | Path | None = None,
) -> None:
    """Write codes (`.npy`), model (`.safetensors`), history (`.csv`) and, if asked for, raw codes, each atomically.

    A method without a model gives a valid file without tensors, and one without training a history without rows. The
    facts are JSON in the model file's metadata. Raw codes that no repair has changed are the codes.
    """
    write_array(codes, tokens.codes)
    if raw_codes is not None:
        write_array(raw_codes, tokens.codes if tokens.raw_codes is None else tokens.raw_codes)
    with atomic_path(model) as temporary:
        # As bytes, since the library's own files can be read by their owner only.
        # One entry, since the order of several is not fixed.
        temporary.write_bytes(save(tokens.state, metadata={"facts": json.dumps(tokens.facts, sort_keys=True)}))
    frame = pd.DataFrame(tokens.history) if tokens.history else pd.DataFrame(columns=["epoch"])
    with atomic_path(history) as temporary:
        frame.to_csv(temporary, index=False)
