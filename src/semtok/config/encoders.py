"""The config of the encoder stage: one class a method."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from semtok.config.base import Name, Section


class TfidfEncoder(Section):
    """TF-IDF and truncated SVD (scikit-learn): text vectors without any download."""

    method: Literal["tfidf"]
    dimensions: PositiveInt
    max_features: PositiveInt
    seed: int


class SentenceTransformersEncoder(Section):
    """Any sentence-transformers model."""

    method: Literal["sentence-transformers"]
    model: str
    """A name on the hub, a local folder, or `package:NAME/FOLDER` for weights that a Python package carries."""
    prefix: str
    """Put before every text, as E5 wants ("passage: "); empty for others."""
    max_tokens: PositiveInt
    batch_size: PositiveInt


class RecommenderItemsEncoder(Section):
    """The item vectors that a recommender over plain ids has learned from the train records."""

    method: Literal["recommender-items"]
    recommender: Name
    """Entry of `recommenders`, of a method over plain item ids."""
    seed: NonNegativeInt
    """Which of its runs; tokenizers of every seed read the same vectors."""


Encoder = Annotated[TfidfEncoder | SentenceTransformersEncoder | RecommenderItemsEncoder, Field(discriminator="method")]
