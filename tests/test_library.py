"""The package in a notebook, without a workflow."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import semtok
from semtok import Recommender, describe, tokenize, write_codes
from semtok.config.tokenizers import ExternalTokenizer
from semtok.errors import ConfigError, DataError
from semtok.tokenizers import train
from semtok.tokenizers.base import Tokens

SMALL = {"hidden_dims": [16], "latent_dim": 8, "codebook_size": 4, "steps": 30, "batch_size": 32}


@pytest.fixture(scope="module")
def vectors():
    centres = np.random.default_rng(0).normal(size=(6, 12))
    return (np.repeat(centres, 10, axis=0) + np.random.default_rng(1).normal(size=(60, 12)) / 20).astype(np.float32)


def test_codes_for_vectors_of_ones_own(vectors):
    tokens = tokenize(vectors, "rqvae", **SMALL)
    assert tokens.codes.shape == (60, 3)
    assert tokens.codes.max() < 4
    assert np.array_equal(tokens.codes, tokenize(vectors, "rqvae", **SMALL).codes)
    assert describe(tokens, vectors=vectors)["items"] == 60
    # Items of a cluster share their first code.
    first = tokens.codes[:, 0].reshape(6, 10)
    assert (first == first[:, :1]).mean() > 0.9


def test_a_collapsed_level_is_told_by_the_size_of_its_codebook(vectors):
    tokens = tokenize(np.ones_like(vectors), "rq-kmeans", codebook_size=16, n_levels=2)
    assert tokens.codebook_sizes == (16, 16)
    level = describe(tokens, vectors=vectors)["levels"][0]
    assert (level["codebook_size"], level["utilisation"]) == (16, 1 / 16)
    # An array does not tell which codewords no item has.
    level = describe(tokens.codes)["levels"][0]
    assert [level[name] for name in ("codebook_size", "utilisation", "perplexity_share", "gini")] == [None] * 4
    assert level["perplexity"] == 1
    assert describe(tokens.codes, [16, 16])["levels"] == describe(tokens)["levels"]


def test_codes_are_described_before_their_repair():
    repaired = Tokens(np.array([[0, 0], [0, 1]], dtype=np.int32), raw_codes=np.zeros((2, 2), dtype=np.int32))
    found = describe(repaired, [2, 2])
    assert found["tuples"]["unique"] == 1
    assert found["repair"]["repaired_items"] == 1


def test_what_a_notebook_shows_of_an_object_is_a_line(vectors):
    tokens = tokenize(vectors, "random", n_levels=2, codebook_size=8)
    assert repr(tokens) == "<codes of 60 items, 2 levels of (8, 8)>"
    options = SimpleNamespace(module="semtok.recommenders.tiger")
    model = Recommender(options, {"weight": vectors}, pd.DataFrame(), pd.Index(["a", "b"]), tokens.codes, seed=0)
    assert repr(model) == "<tiger over codes [60, 2], 2 items, seed 0>"


def test_what_is_no_history_or_no_array_is_refused(vectors):
    model = Recommender(SimpleNamespace(), {}, pd.DataFrame(), pd.Index(["tea01"]), None, seed=0)
    with pytest.raises(DataError, match=r"history 0: found the text 'tea01'; expected a list of items"):
        model.rank(["tea01"])
    with pytest.raises(DataError, match=r"found \['tea02'\]; expected items of the dataset that its filters left"):
        model.rank([["tea02"]])
    with pytest.raises(DataError, match=r"vectors \(encoder\): found a list; expected a numpy array"):
        tokenize(vectors.tolist(), "rqvae")
    with pytest.raises(DataError, match=r"found an array \[60\]; expected a numpy array \[n_items, dim\]"):
        tokenize(vectors[:, 0], "rqvae")


def test_a_method_of_several_views_reads_what_it_is_given(vectors):
    tokens = tokenize({"text": vectors, "spatial": vectors[:, :3]}, "simcit", **{**SMALL, "batch_size": 60})
    assert tokens.codes.shape == (60, 3)


@pytest.mark.parametrize(
    ("given", "method", "options", "said"),
    [
        ("vectors", "cots", {}, "tokenizers: 'cots' is not an entry"),
        ("vectors", "rqvae", {"temprature": 1}, "tokenizers.rqvae"),
        ("vectors", "rqvae", {"latent_dim": -1}, "latent_dim"),
        ("vectors", "letter", {}, "letter reads encoder, collaborative; found vectors for encoder"),
        ("uneven", "letter", {}, r"found \{'encoder': 60, 'collaborative': 59\}"),
    ],
)
def test_mistakes_are_named(vectors, given, method, options, said):
    uneven = {"encoder": vectors, "collaborative": vectors[:-1]}
    with pytest.raises(ConfigError, match=said):
        tokenize(vectors if given == "vectors" else uneven, method, **options)


def test_codes_of_ones_own_are_written_for_others(tmp_path):
    index, ids = write_codes(np.array([[7, 0], [7, 3]]), ["B07", 12], tmp_path, "shop")
    assert json.loads(index.read_text()) == {"0": ["<a_7>", "<b_0>"], "1": ["<a_7>", "<b_3>"]}
    assert ids.read_text() == "B07\t0\n12\t1\n"
    # And are read again as the codes of an entry of method `external`.
    options = ExternalTokenizer(method="external", path=str(index), keys="index")
    items = tmp_path / "items.parquet"
    pd.DataFrame({"item": [0, 1], "raw_id": ["B07", "12"]}).to_parquet(items)
    assert train.tokenize(options, items, {}, seed=0).codes.tolist() == [[7, 0], [7, 3]]
    with pytest.raises(DataError, match=r"found codes \[2, 2\] of 3 items"):
        write_codes(np.zeros((2, 2), dtype=int), [1, 2, 3], tmp_path, "shop")


def test_what_the_package_offers():
    offered = {"Recommender", "beam_search", "describe", "evaluate", "export_codes", "tokenize", "write_codes"}
    assert offered | {"__version__"} <= set(dir(semtok))
    assert all(callable(getattr(semtok, name)) for name in offered)
    with pytest.raises(AttributeError, match="no attribute 'tokenise'"):
        semtok.tokenise  # noqa: B018
