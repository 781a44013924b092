"""The config of scorers: what tells how likely a user is to click a candidate (methods.md 6). One class a method."""

from typing import Annotated, Any, Literal

from pydantic import PositiveInt

from semtok.config.base import Method, entry_of

TEXTS = "texts"
"""What stands in a tokenizer's place for a scorer that reads texts."""


class ZeroShotScorer(Method):
    """A language model reads what a user had and a candidate, in words, and is asked whether the user will click it.
    The score is the probability of yes, where yes and no are all there is. Nothing is trained."""

    method: Literal["zero-shot"]
    """Ask a language model."""
    language_model: Annotated[str, entry_of("language_models")]
    """An entry of language_models."""
    prompt: Literal["click", "interest", "next"]
    """The wording: will the user click it, is it of interest, does it come next."""
    max_items: PositiveInt
    """The most recent items of the history, of which as many are read as the language model has positions for."""
    max_tokens: PositiveInt
    """Of each attribute of an item; the rest is cut off."""
    batch_size: PositiveInt
    """Candidates at a time."""


Scorer = ZeroShotScorer


def is_trained(entry: dict[str, Any]) -> bool:
    """Whether the seed matters to an entry, given as plain values."""
    return bool(entry["method"] != "zero-shot")
