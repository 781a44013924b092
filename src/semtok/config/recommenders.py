"""The config of the recommender stage: one class a method, in parts that separate rules read."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from semtok.config.base import Probability, Section

OVER_IDS = ("sasrec",)
"""Methods over plain item ids; the others read codes."""

RANKED = {"tiger": "beam_size", "sasrec": "top"}
"""Method -> the option of `decoding` that says how many items are ranked for a target."""


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
    """How any recommender is trained. TIGER's samples are prefixes, SASRec's are windows of users' train parts."""

    optimizer: Literal["adamw", "adafactor"]
    """`adafactor` is T5's and TIGER's own: a step is the rate times the tensor's root mean square."""
    learning_rate: PositiveFloat
    weight_decay: NonNegativeFloat
    warmup: Probability
    """Share of the steps over which the learning rate rises."""
    schedule: Literal["cosine", "constant"]
    batch_size: PositiveInt
    """Samples a step."""
    epochs: PositiveInt
    """An epoch is every sample of every user's train part, or `samples_per_epoch` of them."""
    samples_per_epoch: PositiveInt | None
    """Samples drawn anew without replacement each epoch; None for all."""
    validation_every: PositiveInt
    """Epochs between validations; the best checkpoint is kept (TIGER: Recall@10, SASRec: NDCG@10)."""
    validation_users: PositiveInt | None
    """Validation targets ranked each time (a fixed sample); None for all."""
    patience: NonNegativeInt
    """Validations that are not better before training stops; 0 never stops."""


class TIGERTrainingOptions(TrainingOptions):
    """How TIGER is trained."""

    validation_beam_size: PositiveInt


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

    training: TIGERTrainingOptions


class TIGERDecoding(TIGERModel):
    """What decoding reads."""

    decoding: DecodingOptions


class TIGER(TIGERTraining, TIGERDecoding):
    """Sequence to sequence over codes."""


class SelfAttentionOptions(Section):
    """The size of SASRec's network."""

    n_layers: PositiveInt
    n_heads: PositiveInt
    hidden_dim: PositiveInt
    """Width of the item vectors and of the states."""
    inner_dim: PositiveInt
    """Width inside the feed-forward part of a block."""
    dropout: Annotated[float, Field(ge=0, lt=1)]
    attention_dropout: Annotated[float, Field(ge=0, lt=1)]
    activation: Literal["gelu", "relu"]
    norm_first: bool
    """Layer norm before each part of a block and at the end, or behind the embeddings and each part."""

    @model_validator(mode="after")
    def _heads_share_the_width(self) -> "SelfAttentionOptions":
        if self.hidden_dim % self.n_heads:
            raise ValueError(f"a hidden_dim that n_heads = {self.n_heads} divides, got {self.hidden_dim}")
        return self


class FullRankingOptions(Section):
    """How the catalogue is ranked."""

    batch_size: PositiveInt
    """Targets whose scores over the catalogue are held at once."""
    top: PositiveInt
    """Best items kept for each target, at least the largest k of any table."""


class SASRecModel(Section):
    """What training and decoding both read."""

    method: Literal["sasrec"]
    max_items: PositiveInt
    """Most recent items of the history, and the longest window that is trained on."""
    model: SelfAttentionOptions


class SASRecTraining(SASRecModel):
    """What training reads."""

    training: TrainingOptions


class SASRecDecoding(SASRecModel):
    """What decoding reads."""

    decoding: FullRankingOptions


class SASRec(SASRecTraining, SASRecDecoding):
    """Causal self-attention over plain item ids."""


Recommender = Annotated[TIGER | SASRec, Field(discriminator="method")]
RecommenderTraining = Annotated[TIGERTraining | SASRecTraining, Field(discriminator="method")]
RecommenderDecoding = Annotated[TIGERDecoding | SASRecDecoding, Field(discriminator="method")]
