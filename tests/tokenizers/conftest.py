import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import settings

from semtok.config.tokenizers import CoSTTokenizer, LETTERTokenizer, RQVAETokenizer, Sinkhorn

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
    "epochs": 5,
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
