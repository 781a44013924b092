"""Options of the recommenders over plain item ids."""

from typing import Annotated, Literal

from pydantic import (
    Field,
    PositiveFloat,
    PositiveInt,
    model_validator,
)

from semtok.config.base import Probability, Section
from semtok.config.recommender_options import FullRankingOptions, RecommenderOptions, TrainingOptions


class SelfAttentionOptions(Section):
    """The size of a network of self-attention over items (SASRec, BERT4Rec)."""

    n_layers: PositiveInt
    """Blocks of self-attention and feed-forward."""
    n_heads: PositiveInt
    """Attention heads of a layer; they share hidden_dim."""
    hidden_dim: PositiveInt
    """Width of the item vectors and of the states."""
    inner_dim: PositiveInt
    """Width inside the feed-forward part of a block."""
    dropout: Annotated[float, Field(ge=0, lt=1)]
    """Probability of dropout of the embeddings and behind each part of a block."""
    attention_dropout: Annotated[float, Field(ge=0, lt=1)]
    """Probability of dropout of the attention weights."""
    activation: Literal["gelu", "relu"]
    """Of the feed-forward part."""
    norm_first: bool
    """Layer norm before each part of a block and at the end, or behind the embeddings and each part."""

    @model_validator(mode="after")
    def _heads_share_the_width(self) -> "SelfAttentionOptions":
        if self.hidden_dim % self.n_heads:
            raise ValueError(f"a hidden_dim that n_heads = {self.n_heads} divides, got {self.hidden_dim}")
        return self


class SASRec(RecommenderOptions):
    """Causal self-attention over plain item ids, with cross-entropy over the whole catalogue."""

    module = "semtok.recommenders.sasrec"
    reads_ids = True
    ranked_by = "top"

    method: Literal["sasrec"]
    max_items: PositiveInt
    """Most recent items of the history; longer train parts are cut into windows of so many steps."""
    model: SelfAttentionOptions
    """The network."""
    training: TrainingOptions
    """How it is trained."""
    decoding: FullRankingOptions
    """How the catalogue is ranked with it."""


class BERT4RecTrainingOptions(TrainingOptions):
    """How BERT4Rec is trained."""

    mask_ratio: Annotated[float, Field(gt=0, lt=1)]
    """Chance of an item of a window to be masked."""
    last_item_ratio: Probability
    """Share of the samples that are masked as when ranking: one item, with what precedes it and nothing behind it."""


class BERT4Rec(RecommenderOptions):
    """Self-attention to both sides over plain item ids, trained to fill in masked items, with cross-entropy over the
    whole catalogue."""

    module = "semtok.recommenders.bert4rec"
    reads_ids = True
    ranked_by = "top"

    method: Literal["bert4rec"]
    max_items: PositiveInt
    """Most recent items of the history; longer train parts are cut into windows of so many steps and one more."""
    model: SelfAttentionOptions
    """The network."""
    training: BERT4RecTrainingOptions
    """How it is trained."""
    decoding: FullRankingOptions
    """How the catalogue is ranked with it."""


class GRUOptions(Section):
    """The size of GRU4Rec's network."""

    n_layers: PositiveInt
    """Layers of gated recurrent units."""
    embedding_dim: PositiveInt
    """Width of the item vectors, to which the states are projected."""
    hidden_dim: PositiveInt
    """Width of the states."""
    dropout: Annotated[float, Field(ge=0, lt=1)]
    """Probability of dropout of the item vectors that are read."""


class GRU4Rec(RecommenderOptions):
    """A recurrent network over plain item ids, with cross-entropy over the whole catalogue."""

    module = "semtok.recommenders.gru4rec"
    reads_ids = True
    ranked_by = "top"

    method: Literal["gru4rec"]
    max_items: PositiveInt
    """Most recent items of the history; longer train parts are cut into windows of so many steps."""
    model: GRUOptions
    """The network."""
    training: TrainingOptions
    """How it is trained."""
    decoding: FullRankingOptions
    """How the catalogue is ranked with it."""


class PlacesOptions(RecommenderOptions):
    """What every recommender for check-ins has; all of them rank plain item ids."""

    reads_ids = True
    reads_places = True
    ranked_by = "top"

    max_items: PositiveInt
    """Most recent check-ins of the history; longer train parts are cut into windows of so many steps."""
    training: TrainingOptions
    """How it is trained."""
    decoding: FullRankingOptions
    """How the catalogue is ranked with it."""


class SpatioTemporalGates(Section):
    """The size of STGN's network."""

    item_dim: PositiveInt
    """Width of the item vectors."""
    hidden_dim: PositiveInt
    """Width of the cell and of the states."""
    coupled: bool
    """Forget what the input gate lets in (STGCN), or by a gate of its own."""
    dropout: Annotated[float, Field(ge=0, lt=1)]
    """Probability of dropout of the item vectors and of the states that are scored."""


class STGN(PlacesOptions):
    """An LSTM with gates for the time and the distance since the check-in before (STGN, STGCN)."""

    module = "semtok.recommenders.stgn"

    method: Literal["stgn"]
    model: SpatioTemporalGates
    """The network."""


class GeographyOptions(Section):
    """The size of GeoSAN's network."""

    item_dim: PositiveInt
    """Width of an item's own vector."""
    geography_dim: PositiveInt
    """Width of the vector of where it lies; the network is as wide as both."""
    quadkey_level: Annotated[int, Field(ge=1, le=23)]
    """Digits of a quadkey: the tiles of 17 are 300 m wide at the equator, those of one more half as wide."""
    gram_length: Annotated[int, Field(ge=1, le=8)]
    """Digits of a quadkey that are read together; each such piece has a learned vector."""
    geography_layers: PositiveInt
    """Transformer blocks of the geography encoder."""
    n_layers: PositiveInt
    """Causal Transformer blocks over the check-ins."""
    n_heads: PositiveInt
    """Attention heads of these blocks."""
    attention_decoder: bool
    """Let each candidate look for itself among the states of the history, or score the last state alone."""
    dropout: Annotated[float, Field(ge=0, lt=1)]
    """Probability of dropout, in all places where torch's Transformer blocks have one and behind both sums with the
    positions."""

    @model_validator(mode="after")
    def _pieces_fit(self) -> "GeographyOptions":
        if self.gram_length > self.quadkey_level:
            raise ValueError(f"gram_length must be at most quadkey_level = {self.quadkey_level}")
        if (self.item_dim + self.geography_dim) % self.n_heads:
            raise ValueError(
                f"an item_dim + geography_dim that n_heads = {self.n_heads} divides, "
                f"got {self.item_dim + self.geography_dim}"
            )
        return self


class NearbyNegatives(Section):
    """What GeoSAN's loss sets against a target."""

    count: PositiveInt
    """Negatives drawn for each target."""
    nearest: PositiveInt
    """Among how many of the places nearest to the target they are drawn; all others where there are fewer."""
    temperature: PositiveFloat
    """Negatives are weighted by the softmax of their scores over this: the lower, the more the hardest one counts."""


class GeoSAN(PlacesOptions):
    """Causal self-attention over items and the quadkeys of where they lie, with nearby negatives."""

    module = "semtok.recommenders.geosan"

    method: Literal["geosan"]
    model: GeographyOptions
    """The network."""
    negatives: NearbyNegatives
    """What its loss sets against a target."""


class IntervalAttention(Section):
    """The size of STAN's network."""

    hidden_dim: PositiveInt
    """Width of the vectors of users, items and hours of the week."""
    dropout: Annotated[float, Field(ge=0, lt=1)]
    """Probability of dropout of a check-in's vector; its public code has none."""
    now: Literal["target", "last"]
    """Up to when a candidate's time intervals run: the time of the target, as in the public code, which no other method
    is told; or that of the last check-in before it."""


class STAN(PlacesOptions):
    """Two layers of attention, biased by distance and time between any two check-ins."""

    module = "semtok.recommenders.stan"

    method: Literal["stan"]
    model: IntervalAttention
    """The network."""
    negatives: PositiveInt
    """Items drawn for each target, which the cross-entropy sets against it."""
