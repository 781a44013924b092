"""The config of the recommender stage: one class a method, in parts that separate rules read."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from semtok.config.base import Probability, Section


class T5Options(Section):
    """The size of the encoder-decoder."""

    n_layers: PositiveInt
    """Blocks of the encoder, and as many of the decoder."""
    d_model: PositiveInt
    d_ff: PositiveInt
    n_heads: PositiveInt
    d_kv: PositiveInt
    """Width of one attention head."""
    dropout: Annotated[float, Field(ge=0, lt=1)]
    relative_attention_buckets: Annotated[int, Field(ge=2)]
    relative_attention_max_distance: Annotated[int, Field(ge=2)]


class TrainingOptions(Section):
    """How TIGER is trained."""

    optimizer: Literal["adamw"]
    learning_rate: PositiveFloat
    weight_decay: NonNegativeFloat
    warmup: Probability
    """Share of the steps over which the learning rate rises."""
    schedule: Literal["cosine", "constant"]
    batch_size: PositiveInt
    epochs: PositiveInt
    """An epoch is every prefix of every user's train part, or `samples_per_epoch` of them."""
    samples_per_epoch: PositiveInt | None
    """Prefixes drawn anew without replacement each epoch; None for all."""
    validation_every: PositiveInt
    """Epochs between validations; the checkpoint of the best Recall@10 is kept."""
    validation_users: PositiveInt | None
    """Validation targets decoded each time (a fixed sample); None for all."""
    validation_beam_size: PositiveInt
    patience: NonNegativeInt
    """Validations without a better Recall@10 before training stops; 0 never stops."""


class DecodingOptions(Section):
    """How items are generated."""

    beam_size: PositiveInt
    constraint: Literal["trie", "position"]
    """Only existing tuples, or only the codes of the position (methods.md 8.3)."""
    renormalize: bool
    """Share the probability of forbidden codes among the allowed ones (off: methods.md 8.1)."""
    batch_size: PositiveInt
    certify_users: NonNegativeInt
    """Users whose whole catalogue is scored to certify the beam (overlap@20)."""


class TIGERModel(Section):
    """What training and decoding both read."""

    method: Literal["tiger"]
    max_items: PositiveInt
    """Most recent items of the history that the encoder reads."""
    collisions: Literal["suffix", "expand"]
    """A suffix code numbers the items of one tuple; or a tuple stands for all its items, in seeded random order."""
    model: T5Options


class TIGERTraining(TIGERModel):
    """What training reads."""

    training: TrainingOptions


class TIGERDecoding(TIGERModel):
    """What decoding reads."""

    decoding: DecodingOptions


class TIGER(TIGERTraining, TIGERDecoding):
    """Sequence to sequence over codes."""


Recommender = TIGER
RecommenderTraining = TIGERTraining
RecommenderDecoding = TIGERDecoding
