"""Small SASRec options."""

from typing import Any

from semtok.config.recommenders import SASRec

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
