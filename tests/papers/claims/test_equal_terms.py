import pytest

from semtok.papers.claims.equal_terms import Made, obstacle


@pytest.mark.parametrize(
    ("first", "second", "reasons"),
    [
        (Made("a", 8), Made("b", 8), []),
        (Made("a", 8), Made("b"), []),
        (Made("a", 8), Made("b", 20), ["a sees 8 items of a history, b 20"]),
        (Made("a", steps=100), Made("b", steps=109), []),
        (Made("a", steps=112), Made("b", steps=100), ["the tokenizer of a took 112 steps, of b 100"]),
        (Made("a", vectors={"text": "x"}), Made("b", vectors={"text": "x", "image": "y"}), []),
        (Made("a", vectors={"text": "x"}), Made("b", vectors={"text": "y"}), ["a reads text by x, b by y"]),
        (Made("a", catalogue_model="opt"), Made("b", catalogue_model="opt"), []),
        (
            Made("a", catalogue_model="opt"),
            Made("b"),
            ["a writes with opt, a language model that has read", "b with none"],
        ),
        (Made("a"), Made("b", catalogue_model="opt"), ["b writes with opt", "a with none"]),
        (Made("a", beam_fault="is narrow"), Made("b"), ["the beam of a is narrow"]),
        (
            Made("a", beam_fault="is narrow"),
            Made("b", 5, beam_fault="is worse"),
            ["beam of a is narrow", "beam of b is worse"],
        ),
    ],
)
def test_what_stands_between_two_rows(first, second, reasons):
    found = obstacle(first, second)
    assert bool(found) == bool(reasons)
    assert all(reason in found for reason in reasons)
