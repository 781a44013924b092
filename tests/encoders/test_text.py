import numpy as np
import pandas as pd
import pytest

from semtok.config.encoders import TfidfEncoder
from semtok.encoders.text import encode, item_texts
from semtok.errors import DataError

OPTIONS = TfidfEncoder(method="tfidf", dimensions=4, max_features=100, seed=0)
ITEMS = pd.DataFrame(
    {
        "category": ["news", "news", None, "sports", "", "news"],
        "title": ["Rain  in\nMay", "Sun", "Orphan", None, None, "Sun"],
    }
)


def test_template_states_the_fields_that_an_item_has():
    assert item_texts(ITEMS, ["category", "title"]) == [
        "Item category: news. Title: Rain in May.",
        "Item category: news. Title: Sun.",
        "Item title: Orphan.",
        "Item category: sports.",
        None,
        "Item category: news. Title: Sun.",
    ]


def test_template_keeps_the_order_of_the_config():
    assert item_texts(ITEMS, ["title", "category"])[1] == "Item title: Sun. Category: news."


def test_field_that_the_dataset_lacks_is_left_out(caplog):
    assert item_texts(ITEMS, ["brand", "title"])[1] == "Item title: Sun."
    assert "brand" in caplog.text


def test_no_known_field_is_an_error():
    with pytest.raises(DataError, match="brand"):
        item_texts(ITEMS, ["brand"])


def test_no_text_at_all_is_an_error():
    with pytest.raises(DataError, match="no item has text"):
        encode(OPTIONS, pd.DataFrame({"title": pd.array([None, None], dtype="string")}), ["title"])


def test_item_without_text_is_nan_and_duplicates_are_equal():
    part = encode(OPTIONS, ITEMS, ["category", "title"])
    vectors, facts = part.vectors, part.facts
    assert vectors.dtype == np.float32
    assert np.isnan(vectors).all(axis=1).tolist() == [False, False, False, False, True, False]
    assert not np.isnan(vectors[[0, 1, 2, 3, 5]]).any()
    np.testing.assert_array_equal(vectors[1], vectors[5])
    assert facts["items"] == 6
    assert facts["items_without_text"] == 1
    assert facts["unique_texts"] == 4
    assert facts["fields"] == ["category", "title"]
    assert facts["dimensions"] == vectors.shape[1]


def test_duplicate_texts_are_encoded_once(monkeypatch):
    seen = []

    class Method:
        @staticmethod
        def encode_texts(options, texts):
            seen.extend(texts)
            return np.eye(len(texts), dtype=np.float32), {}

    monkeypatch.setattr("semtok.encoders.text.import_module", lambda name: Method)
    vectors = encode(OPTIONS, ITEMS, ["title"]).vectors
    assert seen == ["Item title: Rain in May.", "Item title: Sun.", "Item title: Orphan."]
    assert np.nan_to_num(vectors).argmax(axis=1).tolist() == [0, 1, 2, 0, 0, 1]
