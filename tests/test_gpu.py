"""What can only be seen on a GPU; run with `pytest -m gpu`."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from semtok.config.over_codes import TIGER
from semtok.recommenders.exhaustive import exhaustive_search
from semtok.recommenders.item_codes import Decoder
from semtok.recommenders.sequences import target_samples
from semtok.recommenders.t5 import T5
from semtok.recommenders.task import RecommenderTask
from semtok.recommenders.tiger import build
from semtok.recommenders.vocabulary import ItemTokens
from semtok.run import devices
from semtok.run.distributed import launch
from support import several
from support.trainings import RECOMMENDERS, TOKENIZERS, on_disk, recommender

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU"),
]
TWO_GPUS = pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two GPUs")

# Each device draws SimCIT's noise itself, and books of k-means follow the encoder's last digits.
ALIKE = {"noise": "none"}
COMPARED = {
    name: options | (ALIKE if options["method"] == "simcit" else {}) | {"initialization": "normal"}
    for name, options in TOKENIZERS.items()
}


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    return on_disk(tmp_path_factory.mktemp("data"))


@pytest.fixture
def on(monkeypatch):
    """Choose the device and the dtype."""

    def choose(device: str, dtype: str = "float32") -> None:
        monkeypatch.setenv("SEMTOK_DEVICE", device)
        monkeypatch.setenv("SEMTOK_DTYPE", dtype)
        monkeypatch.delenv("SEMTOK_PROCESSES", raising=False)

    return choose


def losses(on, device: str, dtype: str, data: Path, out: Path, options: dict[str, Any]) -> np.ndarray:
    """Of every epoch of a tokenizer, of every step of a recommender."""
    on(device, dtype)
    if "training" not in options:
        return several.train_tokenizer(data, options)["losses"]
    return np.array(several.train_recommender(str(data), options, str(out / f"{device}-{dtype}.pt"))[0])


@pytest.mark.parametrize("name", list(COMPARED))
def test_a_tokenizer_learns_the_same_as_on_a_processor(on, data, tmp_path, name):
    cpu, gpu = (losses(on, device, "float32", data, tmp_path, COMPARED[name]) for device in ("cpu", "cuda"))
    np.testing.assert_allclose(gpu, cpu, rtol=1e-3)


@pytest.mark.parametrize("name", list(RECOMMENDERS))
def test_a_recommender_learns_the_same_as_on_a_processor(on, data, tmp_path, name):
    options = RECOMMENDERS[name]
    cpu, gpu = (losses(on, device, "float32", data, tmp_path, options) for device in ("cpu", "cuda"))
    np.testing.assert_allclose(gpu, cpu, rtol=1e-3)
    half = losses(on, "cuda", "bfloat16", data, tmp_path, options)
    np.testing.assert_allclose(half, cpu, rtol=0.05)


def test_decoding_ranks_as_on_a_processor(on, data):
    options = TIGER.model_validate(
        recommender("tiger", {"d_model": 16, "d_ff": 16, "n_heads": 2, "d_kv": 8}, decoded=True)
    )
    codes = np.load(data / "codes.npy")
    interactions, targets = (pd.read_parquet(data / f"{name}.parquet") for name in ("interactions", "targets"))
    torch.manual_seed(1)
    weights = T5(options.model, ItemTokens.from_codes(codes, options.collisions).vocabulary.size).state_dict()
    tops = {}
    for device in ("cpu", "cuda"):
        on(device)
        decoder = Decoder.load(RecommenderTask(options, interactions, targets, seed=0, codes=codes), weights, build)
        samples = target_samples(targets, "test", decoder.batches.sequences)
        tops[device] = decoder.rank(samples).top
        exact = exhaustive_search(decoder.model, decoder.batches, samples, decoder.trie, 10, 0)
        np.testing.assert_array_equal(tops[device][:, :10], exact.top)
    # The weights are random numbers, so that no two items are close to a tie.
    assert (tops["cuda"] == tops["cpu"]).mean() > 0.99


def test_the_usual_dtype_is_bfloat16(on):
    on("auto", "auto")
    assert devices.device().type == "cuda"
    assert devices.compute_dtype(devices.device()) == torch.bfloat16


@TWO_GPUS
def test_two_gpus_train_as_one_does(on, data, tmp_path):
    on("auto")
    arguments = {"folder": str(data), "recommenders": RECOMMENDERS}
    launch(several.train_all, arguments | {"out": str(tmp_path / "two")}, 2, 2, str(tmp_path / "job.log"))
    several.train_all(**arguments, out=str(tmp_path / "one"))
    for name in RECOMMENDERS:
        one, two = (np.load(tmp_path / f"{which}-{name}.npz")["losses"] for which in ("one", "two"))
        np.testing.assert_allclose(two, one, rtol=1e-3, err_msg=name)
