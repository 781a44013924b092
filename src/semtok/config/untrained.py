"""The config of what ranks without training: a few rows of every table, in one job a dataset."""

from typing import Annotated, Literal

from pydantic import PositiveInt

from semtok.config.base import Name, Section, entry_of

UntrainedName = Literal["popularity", "recency", "frequency", "co-occurrence", "content", "random", "oracle"]
"""Names of rankings that need no training; as rows they are `ids/popularity` and so on, and no entry of the config's
`recommenders` has one of them."""


class UntrainedOptions(Section):
    """Rankings that need no training, below every table of rankings."""

    window: PositiveInt
    """Of `co-occurrence`: how many places an item may follow another in train, and how many of the last items of a
    history are followed."""
    encoder: Annotated[Name, entry_of("text encoders")] | None
    """The text encoder in whose space `content` looks for the nearest items; null for no such row. A dataset without
    texts has none either."""
