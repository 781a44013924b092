"""Small trainings of every kind, and data for them; the recommenders' are hard to share between two processes."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

CONFIG = yaml.safe_load((Path(__file__).parents[2] / "config/config.yaml").read_text())
N_ITEMS = 241

SMALL = {"codebook_size": 8, "hidden_dims": [16], "latent_dim": 8, "steps": {"epochs": 3}}
CLUSTERED = {"codebook_size": 16, "clusters": 2, "min_cluster_size": 2, "max_cluster_size": 14}
TWO_VIEWS = {"views": {"text": "tfidf", "collaborative": "als"}, "log_every": 2}


def tokenizer(name: str, **changed: Any) -> dict[str, Any]:
    return CONFIG["tokenizers"][name] | SMALL | changed


def recommender(name: str, model: dict[str, Any], decoded: bool = False, **training: Any) -> dict[str, Any]:
    """An entry of the config with changes; options of decoding only if asked for."""
    entry = CONFIG["recommenders"][name]
    kept = {key: entry[key] for key in entry if decoded or key != "decoding"}
    return kept | {"model": entry["model"] | model, "training": entry["training"] | training}


TOKENIZERS = {
    "rqvae": tokenizer("rqvae", batch_size=80, codebook_size=64, dead_code_epochs=1),
    "cost": tokenizer("cost", batch_size=31, mask_duplicates=True, reconstruction=True),
    "letter": tokenizer("letter", batch_size=31, diversity_weight=0.1, collaborative_weight=0.5, **CLUSTERED),
    "simcit": tokenizer("simcit", batch_size=31, **TWO_VIEWS),
    "simcit-masked": tokenizer(
        "simcit", batch_size=31, mask_duplicates=True, search="hard-vq", codeword_regularizer=0.5, **TWO_VIEWS
    ),
}
# Batches that two processes cannot halve, and last ones of a single sample, which is fewer than processes.
T5_SIZE = {"d_model": 16, "d_ff": 16, "n_heads": 2, "d_kv": 8}
T5_TRAINING = {"optimizer": "adamw", "learning_rate": 0.003, "epochs": 3, "validation_every": 1}
RECOMMENDERS = {
    "tiger": recommender(
        "tiger", T5_SIZE | {"encoder": "bidirectional"}, **T5_TRAINING, **{"batch_size": 15, "targets": "last"}
    ),
    "one-pass": recommender("tiger", T5_SIZE, **T5_TRAINING, **{"batch_size": 5, "targets": "every"}),
    "sasrec": recommender(
        "sasrec",
        {"hidden_dim": 16, "inner_dim": 16, "dropout": 0.0, "attention_dropout": 0.0},
        **{"batch_size": 7, "epochs": 3, "validation_every": 2},
    ),
    # Masks of an epoch that both processes have to draw alike.
    "bert4rec": recommender(
        "bert4rec",
        {"hidden_dim": 16, "inner_dim": 16, "dropout": 0.0, "attention_dropout": 0.0},
        **{"batch_size": 7, "epochs": 3, "validation_every": 2},
    ),
}


def on_disk(folder: Path) -> Path:
    """Two views, with vectors that several items share and items that lack one; histories of 31 users; `folder`."""
    generator = np.random.default_rng(0)
    text = generator.normal(size=(N_ITEMS, 12)).astype(np.float32)
    text[100:140] = text[0]
    other = generator.normal(size=(N_ITEMS, 8)).astype(np.float32)
    other[generator.permutation(N_ITEMS)[:60]] = np.nan
    np.save(folder / "text.npy", text)
    np.save(folder / "other.npy", other)
    np.save(folder / "codes.npy", generator.integers(0, 6, size=(40, 2)))
    rows, targets = [], []
    # 151 prefixes are learned from, so that batches of 15 leave one over.
    for user, length in enumerate([5, 6, 8, 3, 4, 5, 6, 7, 8, 4] * 3 + [14]):
        items = (int(generator.integers(40)) + 7 * np.arange(length + 2)) % 40
        splits = ["train"] * length + ["valid", "test"]
        rows += [(user, item, 60 * step, split) for step, (item, split) in enumerate(zip(items, splits, strict=True))]
        targets += [(user, items[-2], "valid", length), (user, items[-1], "test", length + 1)]
    interactions = pd.DataFrame(rows, columns=["user", "item", "timestamp", "split"])
    frame = pd.DataFrame(targets, columns=["user", "item", "split", "position"])
    frame.insert(0, "target", np.arange(len(frame)))
    interactions.astype({"user": "int32", "item": "int32"}).to_parquet(folder / "interactions.parquet")
    frame.astype({"item": "int32"}).to_parquet(folder / "targets.parquet")
    return folder
