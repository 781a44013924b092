import pytest

from semtok.data.markup import join_texts, plain_text


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Soap &amp; Water", "Soap & Water"),
        ("<p class='x'>One</p><br/>two", "One two"),
        ("i < 3 and 4 > 2", "i < 3 and 4 > 2"),
        ("a &lt;b&gt; c", "a <b> c"),
        ("  \n\t ", None),
        ("<!-- only a comment -->", None),
        (None, None),
        ("a &#" + "9" * 5000 + "; b &#33; &#0000033;", "a \ufffd b ! !"),
        ("a <!-- 1 --> b <!-- 2 --> c <!-- <b>d</b>", "a b c <!-- d"),
        ("a <b title='-->c", "a c"),
        ("caf\u00e9\u00a0bar", "caf\u00e9 bar"),
    ],
)
def test_plain_text(text, plain):
    assert plain_text(text) == plain


def test_join_texts():
    assert join_texts(["Office", None, "", "Pens &amp; Ink", "Office"], ", ") == "Office, Pens & Ink"
    assert join_texts([], ", ") is None
    assert join_texts(None, ", ") is None
