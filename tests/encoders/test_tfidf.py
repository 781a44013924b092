import numpy as np

from semtok.config.encoders import TfidfEncoder
from semtok.encoders.tfidf import encode_texts

TEXTS = [
    f"{animal} {verb} {place}" for animal in ("cat", "dog") for verb in ("runs", "eats") for place in ("in", "out")
]


def options(**changed):
    return TfidfEncoder(**{"method": "tfidf", "dimensions": 3, "max_features": 100, "seed": 0, **changed})


def test_unit_vectors_of_the_asked_size_the_same_each_time():
    vectors, facts = encode_texts(options(), TEXTS)
    assert vectors.shape == (8, 3)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(vectors, encode_texts(options(), TEXTS)[0])
    assert facts["vocabulary"] == 6


def test_shared_words_bring_texts_nearer():
    vectors, _ = encode_texts(options(dimensions=6), TEXTS)
    cosine = vectors @ vectors.T
    # 0 "cat runs in", 1 "cat runs out", 7 "dog eats out"
    assert cosine[0, 1] > cosine[0, 7]


def test_small_vocabulary_gives_fewer_dimensions_and_says_so(caplog):
    vectors, facts = encode_texts(options(dimensions=64), TEXTS)
    assert vectors.shape == (8, 6)
    assert "64 asked for, 6 given" in caplog.text
    np.testing.assert_allclose(facts["explained_variance"], 1, rtol=1e-5)


def test_max_features_bounds_the_vocabulary():
    assert encode_texts(options(max_features=4), TEXTS)[1]["vocabulary"] == 4
