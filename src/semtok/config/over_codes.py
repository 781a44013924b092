"""Options of the recommenders that write the code of the next item."""

from typing import Annotated, Literal

from pydantic import (
    Field,
    NonNegativeInt,
    PositiveInt,
    model_validator,
)

from semtok.config.base import Section
from semtok.config.recommender_options import RecommenderOptions, TrainingOptions


class TransformerOptions(Section):
    """The size of a Transformer with T5's blocks, trained from scratch."""

    n_layers: PositiveInt
    """Blocks of the encoder, and as many of the decoder, where there are both."""
    d_model: PositiveInt
    """Width of the embeddings and hidden states."""
    d_ff: PositiveInt
    """Width inside the feed-forward part of a block."""
    n_heads: PositiveInt
    """Attention heads of a layer."""
    d_kv: PositiveInt
    """Width of one attention head."""
    dropout: Annotated[float, Field(ge=0, lt=1)]
    """Probability of dropout, in all places where T5 has one."""
    relative_attention_buckets: Annotated[int, Field(ge=2)]
    """Buckets of relative positions, each with a learned attention bias a head."""
    relative_attention_max_distance: Annotated[int, Field(ge=2)]
    """Positions this far apart, in tokens, and farther share the last bucket."""


class T5Options(TransformerOptions):
    """The size of a T5 encoder-decoder."""

    encoder: Literal["bidirectional", "causal"]
    """What a token of the history sees: all others, as in T5; or those before it, so that one pass over a history
    serves every target in it. A causal encoder is a departure from T5, and tables say so."""


class GeneratorTrainingOptions(TrainingOptions):
    """How a recommender over codes is trained."""

    validation_beam_size: PositiveInt
    """Beam size of the validations, at least the 10 of Recall@10."""


class TIGERTrainingOptions(GeneratorTrainingOptions):
    """How TIGER is trained."""

    targets: Literal["last", "every"]
    """What a sample is: `last`, a prefix of a user's train part and the item after it; `every`, a window of it with all
    targets in it, encoded once (needs `encoder: causal`)."""


class DecodingOptions(Section):
    """How items are generated; a change decodes again, without training."""

    beam_size: PositiveInt
    """Tuples kept at each level, and items ranked for a target: at least the largest k of any table."""
    constraint: Literal["trie", "position"]
    """Only existing tuples, or only the codes of the position (docs/methods.md, "Beam search")."""
    renormalize: bool
    """Share the probability of forbidden codes among the allowed ones, which favours items with few siblings."""
    batch_size: PositiveInt
    """Targets decoded together."""
    certify_users: NonNegativeInt
    """Users whose whole catalogue is scored to certify the beam (overlap@20) of constraint: trie; the other constraint
    searches tuples that no item has."""


class GeneratorOptions(RecommenderOptions):
    """What every recommender over codes has."""

    ranked_by = "beam_size"

    max_items: PositiveInt
    """Most recent items of the history that are read."""
    user_tokens: NonNegativeInt
    """Tokens into which users are hashed, the first of their histories, as in TIGER (2,000); 0 for none."""
    collisions: Literal["suffix", "expand"]
    """A suffix code numbers the items of one tuple; or a tuple stands for all its items, in seeded random order."""
    decoding: DecodingOptions
    """How items are generated."""


class TIGER(GeneratorOptions):
    """Sequence to sequence over codes."""

    module = "semtok.recommenders.tiger"

    method: Literal["tiger"]
    model: T5Options
    """The network."""
    training: TIGERTrainingOptions
    """How it is trained."""

    @model_validator(mode="after")
    def _one_pass_needs_a_causal_encoder(self) -> "TIGER":
        # `training` is not there while decoding.
        if self.training and self.training.targets == "every" and self.model.encoder != "causal":
            raise ValueError(f"model.encoder: causal where training.targets is every, got {self.model.encoder}")
        return self


class DecoderOnly(GeneratorOptions):
    """One stream of codes, each predicted from those before it; trained on windows with every target in one pass."""

    module = "semtok.recommenders.decoder_only"

    method: Literal["decoder-only"]
    model: TransformerOptions
    """The network."""
    training: GeneratorTrainingOptions
    """How it is trained."""
