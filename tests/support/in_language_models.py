"""Recommenders in tiny language models: their options, and a task with the files of a model."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from semtok.config.on_language_models import P5, LCRecRecommender, STORERecommender
from semtok.encoders.language_models import write_language_model
from semtok.recommenders.language_task import LanguageModelTask
from support.language import ATTRIBUTES, items, untrained

MODEL = {"lora_rank": 4, "lora_alpha": 8, "lora_dropout": 0.0}
TRAINING = {
    **{"optimizer": "adamw", "learning_rate": 0.01, "weight_decay": 0.0, "warmup": 0.0, "schedule": "constant"},
    **{"batch_size": 8, "epochs": 2, "samples_per_epoch": None, "validation_every": 1, "validation_users": 10},
    **{"patience": 0},
}
BEAM = {"beam_size": 10, "constraint": "trie", "renormalize": False, "batch_size": 8, "certify_users": 0}


def store_options(collisions="suffix", max_items=5, **changes: Any) -> STORERecommender:
    training = {**TRAINING, "validation_beam_size": 10, "alignment": True, "alignment_items": None}
    model, decoding = {**MODEL, "code_embeddings": "random"}, dict(BEAM)
    for name, value in changes.items():
        part = next(part for part in (training, model, decoding) if name in part)
        part[name] = value
    sections = {"model": model, "training": training, "decoding": decoding}
    return STORERecommender(
        method="store", language_model="opt", share_weights=None, max_items=max_items, collisions=collisions, **sections
    )


def lc_rec_options(**changes: Any) -> LCRecRecommender:
    training = {**TRAINING, "validation_beam_size": 10, **changes}
    sections = {"model": MODEL, "training": training, "decoding": BEAM}
    return LCRecRecommender(
        method="lc-rec", language_model="opt", share_weights=None, max_items=5, collisions="suffix", **sections
    )


def p5_options(**changes: Any) -> P5:
    sections = {"model": MODEL, "training": {**TRAINING, **changes}, "decoding": {"batch_size": 8, "top": 10}}
    return P5(method="p5", language_model="opt", share_weights=None, max_items=5, **sections)


def task_in(
    folder: Path,
    options: Any,
    world: tuple[pd.DataFrame, pd.DataFrame],
    codes: np.ndarray | None = None,
    seed: int = 0,
    **changed: Any,
) -> LanguageModelTask:
    """A task over 40 items with texts, and an untrained OPT like opt-350m in `folder`; `changed` is of the OPT."""
    folder.mkdir(exist_ok=True)
    frame = items(max(40, 1 + int(world[0]["item"].max())))
    names = ("config.json", "model.safetensors", "tokenizer.json")
    files = [str(folder / name) for name in names]
    write_language_model(untrained(frame, **{"max_position_embeddings": 160, **changed}), *files)
    frame.to_parquet(folder / "items.parquet")
    section = {"source": "folder", "path": str(folder)}
    return LanguageModelTask(
        options,
        *world,
        seed=seed,
        codes=codes,
        items=str(folder / "items.parquet"),
        language_model=section,
        files=files,
        attributes=ATTRIBUTES.model_dump(),
    )
