"""The config of the tokenizer stage: one class a method."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from semtok.config.base import Name, Section

SINGLE = ("encoder", "collaborative")
"""Options that name one entry of `encoders` each."""


def encoders_of(options: Mapping[str, Any]) -> dict[str, str]:
    """The entries of `encoders` that a tokenizer reads, by role.

    The role is the option's name (`encoder`, `collaborative`), or, for a tokenizer of several views, the modality that
    `views` gives the entry for.
    """
    views = {role: options[role] for role in SINGLE if options.get(role)}
    return views | dict(options.get("views") or {})


class Quantized(Section):
    """What every code-based tokenizer has."""

    n_levels: PositiveInt
    """Codes of an item (CoST: M)."""
    codebook_size: Annotated[int, Field(ge=2)]
    """Codewords of a level (K)."""


class Sinkhorn(Section):
    """Entropic optimal transport of items to codewords."""

    epsilon: PositiveFloat
    """Weight of the entropy, where the largest distance is 1 and the smallest -1."""
    iterations: PositiveInt


class SinkhornRepair(Sinkhorn):
    """Items of one tuple are given other codes of the last level (LC-Rec; methods.md 1.5)."""

    rounds: PositiveInt
    """How often the items that still collide are tried again."""


class RandomTokenizer(Quantized):
    """Distinct random codes (CoST's "Random")."""

    method: Literal["random"]


class RQKMeansTokenizer(Quantized):
    """k-means on the residuals, level by level, without a network."""

    method: Literal["rq-kmeans"]
    encoder: Name
    max_iterations: PositiveInt
    repair: SinkhornRepair | None
    """Of collisions, once the codes are made; null: none."""


class ExternalTokenizer(Section):
    """Codes that the user brings."""

    method: Literal["external"]
    path: str
    """`.npy` [n_items, n_levels], or JSON {item: ["<a_1>", "<b_2>", ...]}."""
    keys: Literal["index", "raw"]
    """What the JSON's keys are: the item's row in items.parquet, or its id in the raw files."""


class AutoencoderTokenizer(Quantized):
    """Options that every tokenizer with an MLP encoder, residual quantizer and MLP decoder shares."""

    encoder: Name
    """The entry of `encoders` whose vectors are tokenized."""
    hidden_dims: list[PositiveInt]
    """Hidden widths of the MLP encoder; the decoder mirrors them."""
    latent_dim: PositiveInt
    """Width of a codeword (d)."""
    shared_codebook: bool
    """One book for all levels instead of one a level (inconsistency C-I1)."""
    residuals: Literal["plain", "chained"]
    """Straight-through estimate over the sum of levels (the papers' equations), or level by level (public code)."""
    commitment_weight: NonNegativeFloat
    """beta."""
    reduction: Literal["sum", "mean"]
    """Squared norms summed over dimensions and levels (the papers' equations), or averaged (public code)."""
    initialization: Literal["kmeans-batch", "kmeans-all", "normal"]
    """k-means on the first batch (from 128 codewords, or where a batch is smaller than the book, on as many batches as
    give 10 points a codeword), on all items, or no fit."""
    dead_code_epochs: NonNegativeInt
    """A codeword unused for so many epochs is moved to a random residual of its level; 0 never."""
    learning_rate: PositiveFloat
    weight_decay: NonNegativeFloat
    """AdamW's; 0 is Adam."""
    batch_size: Annotated[int, Field(ge=2)]
    epochs: PositiveInt
    selection: Literal["last", "fewest-collisions"]
    """Which epoch's weights are kept: the last's, or, of ten evenly spaced ones, the one's with the fewest collisions
    (LC-Rec, LETTER; methods.md 2.6)."""
    repair: SinkhornRepair | None
    """Of collisions, once the codes are made; null: none."""


class RQVAETokenizer(AutoencoderTokenizer):
    """Reconstruction: L_re = L_mse + L_rq (CoST, equation 1)."""

    method: Literal["rqvae"]


class CoSTTokenizer(AutoencoderTokenizer):
    """Contrast: L_co = alpha L_cl + L_rq (CoST, equation 5), alone or with reconstruction."""

    method: Literal["cost"]
    contrastive_weight: PositiveFloat
    """alpha."""
    temperature: PositiveFloat
    """tau."""
    reconstruction: bool
    """Add L_mse (the paper's L_re + L_co)."""
    quantization_terms: Literal[1, 2]
    """How often the literal sum L_re + L_co counts L_rq (inconsistency C-I5)."""
    mask_duplicates: bool
    """Leave items of the same vector out of each other's negatives."""

    @model_validator(mode="after")
    def _terms_are_of_a_sum(self) -> "CoSTTokenizer":
        if self.quantization_terms == 2 and not self.reconstruction:
            raise ValueError("quantization_terms: 2 needs reconstruction: true; L_co alone holds L_rq once")
        return self


class LETTERTokenizer(AutoencoderTokenizer):
    """L = L_mse + L_rq + beta L_div + alpha L_cf (methods.md 3.5)."""

    method: Literal["letter"]
    collaborative: Name
    """The entry of `encoders` whose vectors the quantized latents are aligned with."""
    collaborative_weight: NonNegativeFloat
    """alpha."""
    alignment: Literal["dot", "linear"]
    """Compare the latent itself, which must be as wide as the collaborative vectors, or a learned linear map of it."""
    diversity_weight: NonNegativeFloat
    """beta of L_div; 0 clusters nothing."""
    clusters: Annotated[int, Field(ge=1)]
    """Groups that the codewords of a book are clustered into before every epoch."""
    min_cluster_size: Annotated[int, Field(ge=2)]
    """Codewords of a group, at least two: a codeword is drawn to another of its group."""
    max_cluster_size: Annotated[int, Field(ge=2)]
    balanced_last_level: Sinkhorn | None
    """In training, items of a batch are spread evenly over the codewords of the last level; null: nearest, as above."""

    @model_validator(mode="after")
    def _groups_hold_the_codewords(self) -> "LETTERTokenizer":
        least, most = self.clusters * self.min_cluster_size, self.clusters * self.max_cluster_size
        if not least <= self.codebook_size <= most:
            raise ValueError(
                f"clusters: {self.clusters} of {self.min_cluster_size} to {self.max_cluster_size} codewords hold "
                f"{least} to {most} of them, not the {self.codebook_size} of codebook_size"
            )
        return self


Tokenizer = Annotated[
    RandomTokenizer | RQKMeansTokenizer | ExternalTokenizer | RQVAETokenizer | CoSTTokenizer | LETTERTokenizer,
    Field(discriminator="method"),
]
