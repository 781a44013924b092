"""The config of the encoder stage: one class a method."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt, model_validator

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


class TimmEncoder(Section):
    """Any timm model, with the preprocessing that belongs to it."""

    method: Literal["timm"]
    model: str
    """A name that timm knows, with or without the tag of its weights (`vit_base_patch16_224.augreg2_in21k_ft_in1k`)."""
    pretrained: bool | Annotated[str, Field(min_length=1)]
    """The published weights; none at all; or the path of a checkpoint of that model (.safetensors, or of torch)."""
    seed: int | None
    """Of the initial weights; needed where none are loaded."""
    image_size: PositiveInt | None
    """Side of the input in pixels; None: the model's own."""
    batch_size: PositiveInt

    @model_validator(mode="after")
    def _untrained_weights_have_a_seed(self) -> "TimmEncoder":
        if self.pretrained is False and self.seed is None:
            raise ValueError("pretrained: false needs a seed for the initial weights")
        return self


Encoder = Annotated[TfidfEncoder | SentenceTransformersEncoder | TimmEncoder, Field(discriminator="method")]
