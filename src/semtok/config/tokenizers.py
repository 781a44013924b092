"""The config of the tokenizer stage: one class a method."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from semtok.config.base import Name, Section

IDS = "ids"
"""The tokenizer of a recommender over plain item ids; it has no entry in the config."""

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


class RandomTokenizer(Quantized):
    """Distinct random codes (CoST's "Random")."""

    method: Literal["random"]


class RQKMeansTokenizer(Quantized):
    """k-means on the residuals, level by level, without a network."""

    method: Literal["rq-kmeans"]
    encoder: Name
    max_iterations: PositiveInt


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
    batch_size: Annotated[int, Field(ge=2)]
    epochs: PositiveInt


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


Tokenizer = Annotated[
    RandomTokenizer | RQKMeansTokenizer | ExternalTokenizer | RQVAETokenizer | CoSTTokenizer,
    Field(discriminator="method"),
]
