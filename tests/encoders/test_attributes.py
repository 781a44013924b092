import numpy as np
import pandas as pd
import pytest

from semtok.config.data import Attributes
from semtok.encoders.attributes import AttributeTokens, held_out, read_attributes
from semtok.encoders.corpus_language_model import byte_level_bpe
from semtok.errors import DataError
from support.language import ATTRIBUTES, items


def test_attributes_are_read_as_they_are_asked_for(tmp_path):
    path = tmp_path / "items.parquet"
    pd.DataFrame({"item": [0, 1], "sub": ["x", None], "title": [" two\n words ", " "]}).to_parquet(path)
    found = read_attributes(path, Attributes(content=["title"], generated=["sub"]))
    assert list(found) == ["title", "sub"]
    assert found["title"].fillna("missing").tolist() == ["two words", "missing"]
    with pytest.raises(DataError, match=r"items\.parquet: found no column abstract, category among item, sub, title"):
        read_attributes(path, ATTRIBUTES)
    pd.DataFrame({"title": ["", None]}).to_parquet(path)
    with pytest.raises(DataError, match="no item has any of title"):
        read_attributes(path, Attributes(content=["title"]))


def test_a_smaller_share_is_held_out_of_a_larger_one():
    small, large = held_out(1000, 0.05), held_out(1000, 0.1)
    assert (small.sum(), large.sum()) == (50, 100)
    assert not (small & ~large).any()
    assert held_out(5, 0.01).sum() == 1


def test_content_leaves_out_what_an_item_lacks_and_cuts_what_is_long():
    frame = items()
    frame["sub_category"] = frame["category"]
    vocabulary = byte_level_bpe(frame, 320)
    attributes = Attributes(content=["title", "abstract"], generated=["sub_category"])
    tokens = AttributeTokens(frame, attributes, vocabulary, max_tokens=None)
    assert vocabulary.decode(tokens.content(1)) == f" title: {frame['title'][1]} abstract: {frame['abstract'][1]}"
    assert vocabulary.decode(tokens.content(0)) == f" title: {frame['title'][0]}"
    assert tokens.content(5) == []
    assert vocabulary.decode(tokens.document(5)) == f" sub category: {frame['category'][5]}"
    assert [answer.task for answer in tokens.answers(0)] == [0, 2]
    cut = AttributeTokens(frame, attributes, vocabulary, max_tokens=1)
    assert all(len(answer.tokens) == answer.n_label + 1 for item in range(60) for answer in cut.answers(item))


def test_no_text_is_unknown_to_a_vocabulary():
    vocabulary = byte_level_bpe(items(), 320)
    assert vocabulary.get_vocab_size() <= 320
    assert [vocabulary.token_to_id(token) for token in ("<s>", "<pad>", "</s>")] == [0, 1, 2]
    text = " Zürich, 東京 😀"
    ids = vocabulary.encode(text, add_special_tokens=False).ids
    assert vocabulary.decode(ids) == text
    assert np.min(ids) > 2
    assert byte_level_bpe(items(), 320).to_str() == vocabulary.to_str()
