"""The package in a notebook, without a workflow."""

import numpy as np
import pytest

import semtok
from semtok import describe, tokenize
from semtok.errors import ConfigError

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
    assert describe(tokens.codes, vectors=vectors)["items"] == 60
    # Items of a cluster share their first code.
    first = tokens.codes[:, 0].reshape(6, 10)
    assert (first == first[:, :1]).mean() > 0.9


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


def test_what_the_package_offers():
    assert {"Recommender", "describe", "export_codes", "tokenize", "__version__"} <= set(dir(semtok))
    with pytest.raises(AttributeError, match="no attribute 'tokenise'"):
        semtok.tokenise  # noqa: B018
