"""Small SASRec options, and a world that it learns in seconds."""

from typing import Any

import numpy as np
import pandas as pd

from semtok.config.over_ids import SASRec

N_ITEMS = 40
"""Of the fixture `world`."""


def make_options(max_items: int = 5, model: dict[str, Any] | None = None, **changes: Any) -> SASRec:
    """Options with some of the training and decoding ones replaced."""
    size = {"n_layers": 2, "n_heads": 2, "hidden_dim": 16, "inner_dim": 32, "dropout": 0.1, "attention_dropout": 0.1}
    size |= {"activation": "gelu", "norm_first": False, **(model or {})}
    loop = {"optimizer": "adamw", "learning_rate": 0.01, "weight_decay": 0.0, "warmup": 0.0, "schedule": "constant"}
    loop |= {"batch_size": 8, "epochs": 3, "samples_per_epoch": None, "validation_every": 1, "validation_users": None}
    loop |= {"patience": 0}
    ranking = {"batch_size": 7, "top": 10}
    for name, value in changes.items():
        part = loop if name in loop else ranking
        assert name in part
        part[name] = value
    return SASRec.model_validate(
        {"method": "sasrec", "max_items": max_items, "model": size, "training": loop, "decoding": ranking}
    )


def planted(n_users: int = 72, n_items: int = 24) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every user goes round the items, so that the next item is a function of the last one."""
    rows = [(user, (user + step) % n_items, step, "train") for user in range(n_users) for step in range(5 + user % 5)]
    interactions = pd.DataFrame(rows, columns=["user", "item", "timestamp", "split"])
    last = interactions.groupby("user").tail(1).index
    interactions.loc[last, "split"] = "test"
    interactions.loc[last - 1, "split"] = "valid"
    held_out = interactions[interactions["split"] != "train"]
    targets = held_out.assign(target=np.arange(len(held_out)), position=held_out["timestamp"])
    return interactions, targets.reset_index(drop=True)
