"""The config of the encoder stage: one class a method."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from semtok.config.base import Section


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


Encoder = Annotated[TfidfEncoder | SentenceTransformersEncoder, Field(discriminator="method")]
