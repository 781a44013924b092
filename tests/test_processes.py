import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from semtok import processes
from semtok.config.recommenders import TIGER
from semtok.config.tokenizers import CoSTTokenizer
from semtok.errors import SemtokError
from semtok.launch import launch
from semtok.tokenizers.cost import CoST
from semtok.tokenizers.training_loop import Training
from semtok.tokenizers.vectors import read_catalogue
from support import several

ROOT = Path(__file__).parents[1]
CONFIG = yaml.safe_load((ROOT / "config/config.yaml").read_text())
N_ITEMS = 241

SMALL = {"codebook_size": 8, "hidden_dims": [16], "latent_dim": 8, "epochs": 3}
CLUSTERED = {"codebook_size": 16, "clusters": 2, "min_cluster_size": 2, "max_cluster_size": 14}
TWO_VIEWS = {"views": {"text": "tfidf", "collaborative": "als"}, "log_every": 2}


def tokenizer(name, **changed):
    return CONFIG["tokenizers"][name] | SMALL | changed


# Batches that two processes cannot halve, and last ones of a single item or prefix, which is fewer than processes.
TOKENIZERS = {
    "rqvae": tokenizer("rqvae", batch_size=80, dead_code_epochs=1),
    "cost": tokenizer("cost", batch_size=31, mask_duplicates=True, reconstruction=True),
    "cost-apart": tokenizer("cost", batch_size=31, gather_negatives=False),
    "letter": tokenizer("letter", batch_size=31, diversity_weight=0.1, collaborative_weight=0.5, **CLUSTERED),
    "simcit": tokenizer("simcit", batch_size=31, **TWO_VIEWS),
    "simcit-masked": tokenizer(
        "simcit", batch_size=31, mask_duplicates=True, search="hard-vq", codeword_regularizer=0.5, **TWO_VIEWS
    ),
    "simcit-apart": tokenizer("simcit", batch_size=31, gather_negatives=False, **TWO_VIEWS),
}


def recommender(name, model, **training):
    entry = CONFIG["recommenders"][name]
    kept = {key: entry[key] for key in entry if key not in ("model", "training", "decoding")}
    return kept | {"model": entry["model"] | model, "training": entry["training"] | training}


RECOMMENDERS = {
    "tiger": recommender(
        "tiger",
        {"d_model": 16, "d_ff": 16, "n_heads": 2, "d_kv": 8},
        **{"optimizer": "adamw", "learning_rate": 0.003, "batch_size": 16, "epochs": 3, "validation_every": 1},
    ),
    "sasrec": recommender(
        "sasrec",
        {"hidden_dim": 16, "inner_dim": 16, "dropout": 0.0, "attention_dropout": 0.0},
        **{"batch_size": 7, "epochs": 3, "validation_every": 2},
    ),
}


@pytest.fixture(autouse=True)
def _two_processes_on_one_processor(monkeypatch):
    monkeypatch.setenv("SEMTOK_DEVICE", "cpu")
    monkeypatch.setenv("SEMTOK_DTYPE", "float32")
    monkeypatch.setenv("SEMTOK_PROCESSES", "2")
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "tests"))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Two views, with vectors that several items share and items that lack one; histories of 30 users."""
    folder, generator = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    text = generator.normal(size=(N_ITEMS, 12)).astype(np.float32)
    text[100:140] = text[0]
    other = generator.normal(size=(N_ITEMS, 8)).astype(np.float32)
    other[generator.permutation(N_ITEMS)[:60]] = np.nan
    np.save(folder / "text.npy", text)
    np.save(folder / "other.npy", other)
    np.save(folder / "codes.npy", generator.integers(0, 6, size=(40, 2)))
    rows, targets = [], []
    # 30 users with 3 to 8 train records: 129 prefixes, so that 16 a step leave one over.
    for user, length in enumerate([5, 6, 8, 3, 4, 5, 6, 7, 8, 4] * 3):
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


@pytest.fixture(scope="module")
def results(data, tmp_path_factory):
    """Of one process and of two, by name: the losses of every step, the history and the weights."""
    folder = tmp_path_factory.mktemp("results")
    arguments = {"folder": str(data), "tokenizers": TOKENIZERS, "recommenders": RECOMMENDERS}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"DEVICE": "cpu", "DTYPE": "float32", "PROCESSES": "2"}.items():
            patch.setenv(f"SEMTOK_{name}", value)
        patch.setenv("PYTHONPATH", str(ROOT / "tests"))
        launch(several.train_all, arguments | {"out": str(folder / "two")}, 0, 2, str(folder / "two.log"))
        several.train_all(**arguments, out=str(folder / "one"))
    return {
        name: tuple(dict(np.load(folder / f"{which}-{name}.npz")) for which in ("one", "two"))
        for name in (*TOKENIZERS, *RECOMMENDERS)
    }


@pytest.mark.parametrize("name", [name for name in (*TOKENIZERS, *RECOMMENDERS) if "apart" not in name])
def test_two_processes_train_as_one_does(results, name):
    one, two = results[name]
    assert len(one["losses"]) > 8
    np.testing.assert_allclose(two["losses"], one["losses"], rtol=1e-4)
    assert one.keys() == two.keys()
    for part in one.keys() - {"losses"}:
        np.testing.assert_allclose(two[part], one[part], rtol=1e-3, atol=1e-4, err_msg=part)


def test_the_data_have_what_makes_two_processes_hard(results, data):
    assert len(results["tiger"][0]["losses"]) == 3 * 9
    assert (129 - 1) % 16 == 0
    assert N_ITEMS % 80 == 1
    moved = results["rqvae"][0]["history"][:, -1]
    assert moved.sum() > 0
