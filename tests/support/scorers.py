"""Scorers in tiny language models: their options, tables of a world, and a task with the files of a model."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from semtok.config.scorers import CodeScorer, FineTunedScorer
from semtok.encoders.language_models import write_language_model
from semtok.recommenders.scorer_task import ScorerTask
from support.language import ATTRIBUTES, THEMES, items, untrained, untrained_bert

FILES = ("config.json", "model.safetensors", "tokenizer.json")
TRAINING = {
    **{"optimizer": "adamw", "learning_rate": 0.003, "weight_decay": 0.0, "warmup": 0.0, "schedule": "constant"},
    **{"batch_size": 8, "epochs": 2, "samples_per_epoch": None, "validation_every": 1, "validation_users": None},
    **{"patience": 0, "negatives": None, "chosen_by": "gauc"},
}
ASKED = {"language_model": "one", "prompt": "click", "max_items": 4, "scoring": {"batch_size": 5}}


def fine_tuned_options(**training: Any) -> FineTunedScorer:
    return FineTunedScorer(method="fine-tuned", max_tokens=3, training={**TRAINING, **training}, **ASKED)


def code_options(collisions: str = "suffix", lora_dropout: float = 0.0, **training: Any) -> CodeScorer:
    codes = {"code_weight": 1.0, "predicted": "history", "alignment": False}
    return CodeScorer(
        method="codes",
        share_weights=None,
        collisions=collisions,
        model={"lora_rank": 4, "lora_alpha": 8, "lora_dropout": lora_dropout},
        training={**TRAINING, **codes, **training},
        **ASKED,
    )


def planted(n_themes: int = 3, n_users: int = 48) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """Interactions, candidates, and codes of 40 of `items()`: a user has items of one of `n_themes` themes and clicks
    those of its theme alone. The first code is the theme. Each theme has as many users in every split."""
    n_items, n_shown = 40, 5
    themes = items(n_items)["category"].fillna("none").to_numpy()
    shown_themes = list(THEMES)[: max(n_themes, 2)]
    random = np.random.default_rng(1)
    had, shown = [], []
    for user in range(n_users):
        theme = list(THEMES)[user % n_themes]
        own, others = np.flatnonzero(themes == theme), np.flatnonzero(np.isin(themes, shown_themes) & (themes != theme))
        had += [(user, item) for item in random.choice(own, size=3, replace=False)]
        turn = user // n_themes
        split = "test" if turn % 4 == 3 else "valid" if turn % 8 == 2 else "train"
        for item in [*random.choice(own, size=2, replace=False), *random.choice(others, size=n_shown - 2)]:
            shown.append((user, item, themes[item] == theme, split))
    candidates = pd.DataFrame(shown, columns=["user", "item", "clicked", "split"]).astype({"item": "Int32"})
    numbers = {name: number for number, name in enumerate([*THEMES, "none"])}
    codes = np.stack([[numbers[theme] for theme in themes], random.integers(0, 6, n_items)], axis=1).astype(np.int32)
    return pd.DataFrame(had, columns=["user", "item"]), candidates, codes


def task_in(folder: Path, options: Any, world: Any, seed: int = 0, **changed: Any) -> ScorerTask:
    """A task over 40 items with texts, and an untrained model in `folder`; `changed` is of its network."""
    folder.mkdir(exist_ok=True)
    interactions, candidates, codes = world
    frame = items(40)
    is_bert = options.method == "fine-tuned"
    model = (
        untrained_bert(frame, **changed) if is_bert else untrained(frame, **{"max_position_embeddings": 96, **changed})
    )
    files = [str(folder / name) for name in FILES]
    write_language_model(model, *files)
    frame.to_parquet(folder / "items.parquet")
    return ScorerTask(
        options=options,
        interactions=interactions,
        candidates=candidates,
        path="data/mind-store/candidates.parquet",
        seed=seed,
        language_model={"source": "folder", "path": str(folder), "architecture": "bert" if is_bert else "opt"},
        files=files,
        codes=None if is_bert else codes,
        items=str(folder / "items.parquet"),
        attributes=ATTRIBUTES.model_dump(),
    )
