import json
import subprocess
import sys

import numpy as np
import pandas as pd
from safetensors import safe_open
from safetensors.numpy import load_file

from semtok.config.tokenizers import RandomTokenizer
from semtok.tokenizers.base import Tokens
from semtok.tokenizers.train import tokenize, write_tokens


def test_files_of_a_trained_tokenizer(rqvae, clusters, written, tmp_path):
    tokens = tokenize(rqvae(steps={"epochs": 2}), *written(clusters[0]), seed=0)
    write_tokens(tokens, tmp_path / "codes.npy", tmp_path / "model.safetensors", tmp_path / "history.csv")
    codes = np.load(tmp_path / "codes.npy")
    assert codes.dtype == np.int32
    np.testing.assert_array_equal(codes, tokens.codes)
    weights = load_file(tmp_path / "model.safetensors")
    assert (tmp_path / "model.safetensors").stat().st_mode == (tmp_path / "codes.npy").stat().st_mode
    assert weights.keys() == tokens.state.keys()
    assert weights["quantizer.books.2"].shape == (8, 8)
    assert len(pd.read_csv(tmp_path / "history.csv")) == 2
    json.dumps(tokens.facts, allow_nan=False)


def test_facts_are_in_the_metadata_of_the_model(tmp_path):
    tokens = Tokens(np.zeros((3, 2), dtype=np.int32), {"a": np.ones(2)}, facts={"items_without_vector": 2, "epoch": 7})
    write_tokens(tokens, tmp_path / "codes.npy", tmp_path / "model.safetensors", tmp_path / "history.csv")
    with safe_open(tmp_path / "model.safetensors", framework="np") as model:
        assert json.loads(model.metadata()["facts"]) == tokens.facts


def test_raw_codes_are_written_beside_the_repaired_ones(tmp_path):
    raw, repaired = np.zeros((3, 2), dtype=np.int32), np.eye(3, 2, dtype=np.int32)
    for name, tokens in {"plain": Tokens(repaired), "repaired": Tokens(repaired, raw_codes=raw)}.items():
        folder = tmp_path / name
        write_tokens(tokens, folder / "codes.npy", folder / "m.safetensors", folder / "h.csv", folder / "raw_codes.npy")
        np.testing.assert_array_equal(np.load(folder / "codes.npy"), repaired)
    np.testing.assert_array_equal(np.load(tmp_path / "plain" / "raw_codes.npy"), repaired)
    np.testing.assert_array_equal(np.load(tmp_path / "repaired" / "raw_codes.npy"), raw)


def test_files_of_a_method_without_a_model(written, tmp_path):
    items, _ = written(np.zeros((9, 2), dtype=np.float32))
    tokens = tokenize(RandomTokenizer(method="random", n_levels=2, codebook_size=4), items, {}, seed=0)
    write_tokens(tokens, tmp_path / "codes.npy", tmp_path / "model.safetensors", tmp_path / "history.csv")
    assert load_file(tmp_path / "model.safetensors") == {}
    assert pd.read_csv(tmp_path / "history.csv").empty


def test_writing_twice_gives_the_same_bytes(tmp_path):
    tokens = Tokens(np.zeros((3, 2), dtype=np.int32), {"b": np.ones(3), "a": np.ones(2)}, [{"epoch": 1, "loss": 0.1}])
    for name in ("one", "two"):
        write_tokens(
            tokens, tmp_path / name / "codes.npy", tmp_path / name / "m.safetensors", tmp_path / name / "h.csv"
        )
    for file in ("codes.npy", "m.safetensors", "h.csv"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_light_modules_do_not_import_torch():
    light = ["", ".train", ".base", ".measures", ".collisions", ".diagnostics", ".random_codes", ".external"]
    code = "".join(f"import semtok.tokenizers{name}\n" for name in [*light, ".rq_kmeans"])
    code += "import sys; import semtok.encoders.text; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(sys.path)})
