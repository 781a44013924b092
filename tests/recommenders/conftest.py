from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from semtok.config.over_codes import TIGER, DecodingOptions, T5Options, TIGERTrainingOptions


@pytest.fixture(autouse=True)
def on_one_cpu(monkeypatch):
    monkeypatch.setenv("SEMTOK_DEVICE", "cpu")
    monkeypatch.setenv("SEMTOK_DTYPE", "float32")
    torch.set_num_threads(1)
    torch.manual_seed(0)


@pytest.fixture
def model_options() -> T5Options:
    return T5Options(
        encoder="bidirectional",
        n_layers=2,
        d_model=16,
        d_ff=32,
        n_heads=2,
        d_kv=8,
        dropout=0.1,
        relative_attention_buckets=8,
        relative_attention_max_distance=20,
    )


@pytest.fixture
def make_options(model_options):
    """TIGER options with some of the training and decoding ones replaced."""

    def make(
        collisions: str = "suffix", max_items: int = 5, user_tokens: int = 0, targets: str = "last", **changes: Any
    ) -> TIGER:
        training = {
            "targets": targets,
            "optimizer": "adamw",
            "learning_rate": 0.01,
            "weight_decay": 0.01,
            "warmup": 0.1,
            "schedule": "cosine",
            "batch_size": 16,
            "epochs": 2,
            "samples_per_epoch": None,
            "validation_every": 1,
            "validation_users": 10,
            "validation_beam_size": 10,
            "patience": 0,
        }
        decoding = {
            "beam_size": 10,
            "constraint": "trie",
            "renormalize": False,
            "batch_size": 8,
            "certify_users": 0,
        }
        for name, value in changes.items():
            part = training if name in training else decoding
            assert name in part
            part[name] = value
        return TIGER(
            method="tiger",
            max_items=max_items,
            collisions=collisions,  # type: ignore[arg-type]
            user_tokens=user_tokens,
            model=model_options.model_copy(update={"encoder": "causal"} if targets == "every" else {}),
            training=TIGERTrainingOptions(**training),  # type: ignore[arg-type]
            decoding=DecodingOptions(**decoding),  # type: ignore[arg-type]
        )

    return make


N_ITEMS = 40


@pytest.fixture
def codes() -> np.ndarray:
    """Raw codes of 40 items; several items share a tuple."""
    codes = np.random.default_rng(3).integers(0, 4, (N_ITEMS, 2)).astype(np.int32)
    assert len(np.unique(codes, axis=0)) < N_ITEMS
    return codes


@pytest.fixture
def world() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Interactions and targets of 30 users who walk through the catalogue in steps of 7, split leave-one-out."""
    rows, targets = [], []
    generator = np.random.default_rng(5)
    for user in range(30):
        length, start = int(generator.integers(4, 10)), int(generator.integers(N_ITEMS))
        items = [(start + 7 * step) % N_ITEMS for step in range(length)]
        splits = ["train"] * (length - 2) + ["valid", "test"]
        rows += [(user, item, 100 * step, split) for step, (item, split) in enumerate(zip(items, splits, strict=True))]
        targets += [(user, items[-2], "valid", length - 2), (user, items[-1], "test", length - 1)]
    interactions = pd.DataFrame(rows, columns=["user", "item", "timestamp", "split"])
    target_table = pd.DataFrame(targets, columns=["user", "item", "split", "position"])
    target_table.insert(0, "target", np.arange(len(targets)))
    return interactions.astype({"user": "int32", "item": "int32"}), target_table.astype({"item": "int32"})
