import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import settings

from semtok.config.autoencoders import CoSTTokenizer, LETTERTokenizer, RQVAETokenizer
from semtok.config.tokenizer_options import Sinkhorn
from semtok.config.tokenizers import SimCITTokenizer

# A busy machine is no failure.
settings.register_profile("no-deadline", deadline=None)
settings.load_profile("no-deadline")

AUTOENCODER = {
    "encoder": "text",
    "n_levels": 3,
    "codebook_size": 8,
    "hidden_dims": [32],
    "latent_dim": 8,
    "shared_codebook": False,
    "residuals": "plain",
    "commitment_weight": 0.25,
    "reduction": "sum",
    "initialization": "kmeans-batch",
    "dead_code_epochs": 0,
    "learning_rate": 1e-3,
    "weight_decay": 0.0,
    "batch_size": 32,
    "steps": {"epochs": 5},
    "selection": "last",
    "repair": None,
}
CONTRAST = {
    "contrastive_weight": 0.1,
    "temperature": 0.1,
    "reconstruction": False,
    "quantization_terms": 1,
    "mask_duplicates": False,
}
SIMCIT = {
    "views": {"text": "text", "collaborative": "als"},
    "standardize": True,
    "n_levels": 3,
    "codebook_size": 8,
    "hidden_dims": [32],
    "activation": "relu",
    "encoder_bias": True,
    "encoder_initialization": "he",
    "latent_dim": 8,
    "fusion": "query",
    "shared_codebook": False,
    "search": "soft",
    "commitment_weight": 0.25,
    "distance": "sum",
    "noise": "unit",
    "annealing": "exponential",
    "start_temperature": 0.2,
    "end_temperature": 0.01,
    "annealing_share": 0.8,
    "projection": "linear",
    "temperature": 0.1,
    "mask_duplicates": False,
    "codeword_regularizer": 0.0,
    "initialization": "kmeans",
    "optimizer": "adamw",
    "learning_rate": 1e-3,
    "weight_decay": 1e-3,
    "schedule": "cosine",
    "warmup": 0.0,
    "batch_size": 40,
    "steps": {"epochs": 4},
    "log_every": 5,
    "repair": None,
}

ALIGNMENT = {
    "collaborative": "habits",
    "collaborative_weight": 0.01,
    "alignment": "dot",
    "diversity_weight": 1e-4,
    "clusters": 3,
    "min_cluster_size": 2,
    "max_cluster_size": 20,
    "balanced_last_level": Sinkhorn(epsilon=0.003, iterations=50),
    "residuals": "chained",
    "reduction": "mean",
    "weight_decay": 1e-4,
}


@pytest.fixture(autouse=True)
def _processor(monkeypatch):
    monkeypatch.setenv("SEMTOK_DEVICE", "cpu")
    monkeypatch.setenv("SEMTOK_DTYPE", "float32")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def rqvae():
    return lambda **changed: RQVAETokenizer(method="rqvae", **{**AUTOENCODER, **changed})


@pytest.fixture
def cost():
    return lambda **changed: CoSTTokenizer(method="cost", **{**AUTOENCODER, **CONTRAST, **changed})


@pytest.fixture
def letter():
    return lambda **changed: LETTERTokenizer(method="letter", **{**AUTOENCODER, **ALIGNMENT, **changed})


@pytest.fixture
def simcit():
    return lambda **changed: SimCITTokenizer(method="simcit", **{**SIMCIT, **changed})


@pytest.fixture
def two_views(tmp_path):
    """240 items: a text that tells 4 groups apart, a habit that tells 4 others apart, and the groups [240, 2].

    Items 3 and 50 have no text, item 50 and 51 no habit; item 50 has nothing.
    """
    generator = np.random.default_rng(0)
    groups = generator.integers(4, size=(240, 2))
    views = {}
    for column, (name, dim) in enumerate({"text": 16, "collaborative": 6}.items()):
        centres = np.linalg.qr(generator.normal(size=(dim, dim)))[0][:4]
        vectors = (centres[groups[:, column]] + 0.05 * generator.normal(size=(240, dim))).astype(np.float32)
        vectors[[3, 50] if name == "text" else [50, 51]] = np.nan
        views[name] = tmp_path / f"{name}.npy"
        np.save(views[name], vectors)
    return views, groups


@pytest.fixture
def clusters():
    """Unit vectors of 240 items in 8 clusters far from each other, and the cluster of each."""
    generator = np.random.default_rng(0)
    labels = generator.integers(8, size=240)
    centres = np.linalg.qr(generator.normal(size=(16, 16)))[0][:8]
    vectors = centres[labels] + 0.05 * generator.normal(size=(240, 16))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), labels


@pytest.fixture
def written(tmp_path):
    """Write vectors and items as the stages before do; gives the path of the items and those of the views."""

    def write(vectors, **others):
        views = {role: tmp_path / f"{role}.npy" for role in ("encoder", *others)}
        for role, array in {"encoder": vectors, **others}.items():
            np.save(views[role], array)
        frame = pd.DataFrame({"item": np.arange(len(vectors), dtype=np.int32)})
        frame["raw_id"] = [f"N{item}" for item in frame["item"]]
        frame.to_parquet(tmp_path / "items.parquet")
        return tmp_path / "items.parquet", views

    return write
