"""Small options of the recommenders for check-ins, and a city that they are run on."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import TypeAdapter

from semtok.config.recommenders import RecommenderClass, RecommenderEntry
from semtok.recommenders.task import RecommenderTask

N_ITEMS = 30
MODELS: dict[str, dict[str, Any]] = {
    "stgn": {"model": {"item_dim": 12, "hidden_dim": 16, "coupled": False, "dropout": 0.1}},
    "geosan": {
        "model": {
            **{"item_dim": 8, "geography_dim": 8, "quadkey_level": 14, "gram_length": 3, "geography_layers": 1},
            **{"n_layers": 2, "n_heads": 2, "attention_decoder": True, "dropout": 0.1},
        },
        "negatives": {"count": 3, "nearest": 8, "temperature": 1.0},
    },
    "stan": {"model": {"hidden_dim": 12, "dropout": 0.1, "now": "target"}, "negatives": 4},
}


def make_options(method: str, max_items: int = 5, model: dict[str, Any] | None = None, **changes: Any) -> Any:
    """Options with some of those of the network, of the training or others replaced."""
    loop = {"optimizer": "adamw", "learning_rate": 0.01, "weight_decay": 0.0, "warmup": 0.0, "schedule": "constant"}
    loop |= {"batch_size": 8, "epochs": 2, "samples_per_epoch": None, "validation_every": 1, "validation_users": None}
    loop |= {"patience": 0}
    entry = {**MODELS[method], "training": loop, "decoding": {"batch_size": 7, "top": 10}}
    entry |= {"method": method, "max_items": max_items, "model": MODELS[method]["model"] | (model or {})}
    for name, value in changes.items():
        (loop if name in loop else entry)[name] = value
    found: RecommenderClass = TypeAdapter(RecommenderEntry).validate_python(entry)
    return found


def city(folder: Path, n_users: int = 20, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame, Path]:
    """Interactions, targets (leave-one-out) and the path of the items.

    Users walk between the places of a grid, each from one to one of its three nearest.
    """
    generator = np.random.default_rng(seed)
    latitude, longitude = 40.7 + 0.08 * generator.random(N_ITEMS), -74.0 + 0.08 * generator.random(N_ITEMS)
    items = pd.DataFrame({"item": np.arange(N_ITEMS), "latitude": latitude, "longitude": longitude})
    items.to_parquet(folder / "items.parquet", index=False)
    apart = np.hypot(latitude[:, None] - latitude, longitude[:, None] - longitude)
    near = apart.argsort(axis=1)[:, 1:4]
    rows, targets = [], []
    for user in range(n_users):
        length = int(generator.integers(4, 11))
        place, time = int(generator.integers(N_ITEMS)), 1_333_476_000 + int(generator.integers(10**6))
        for position in range(length):
            split = ["train"] * (length - 2) + ["valid", "test"]
            rows.append((user, place, time, split[position]))
            if split[position] != "train":
                targets.append((user, place, split[position], position))
            place, time = int(generator.choice(near[place])), time + int(generator.integers(60, 200_000))
    # Every place is visited, so that the interactions tell how many there are.
    rows += [(n_users, place, 1_333_476_000 + 3600 * place, "train") for place in range(N_ITEMS)]
    interactions = pd.DataFrame(rows, columns=["user", "item", "timestamp", "split"])
    table = pd.DataFrame(targets, columns=["user", "item", "split", "position"])
    table.insert(0, "target", np.arange(len(table)))
    return interactions, table, folder / "items.parquet"


def task_in(folder: Path, options: Any, **replaced: Any) -> RecommenderTask[Any]:
    """The task of that city; `replaced` are its tables."""
    interactions, targets, items = city(folder)
    tables = {"interactions": interactions, "targets": targets, "items": items} | replaced
    return RecommenderTask(options=options, seed=0, **tables)
