"""The entry to every tokenizer: run the method that the options name, and write what it gives."""

import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

import pandas as pd
from safetensors.numpy import save

from semtok.config.tokenizers import TokenizerEntry
from semtok.run.files import atomic_path, write_array, write_csv
from semtok.tokenizers.base import TokenizerTask, Tokens


def tokenize(
    options: TokenizerEntry,
    items: str | Path,
    views: Mapping[str, str | Path],
    seed: int,
    checkpoint: str | Path | None = None,
    identity: str = "",
) -> Tokens:
    """Give every item its codes.

    Training resumes from `checkpoint` if that belongs to `identity`; who has written the result deletes it.
    """
    task = TokenizerTask(
        options=options,
        items=Path(items),
        views={role: Path(path) for role, path in views.items()},
        seed=seed,
        checkpoint=None if checkpoint is None else Path(checkpoint),
        identity=identity,
    )
    tokens: Tokens = import_module(options.module).tokenize(task)
    return tokens


def write_tokens(
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
    write_csv(history, pd.DataFrame(tokens.history) if tokens.history else pd.DataFrame(columns=["epoch"]))
