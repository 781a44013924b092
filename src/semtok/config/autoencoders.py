"""Options of the tokenizers with an MLP encoder, a residual quantizer and an MLP decoder: one class a method."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from semtok.config.budget import Steps
from semtok.config.tokenizer_options import CodebookTokenizer, EncoderName, Sinkhorn, SinkhornRepair


class AutoencoderTokenizer(CodebookTokenizer):
    """Options that every tokenizer with an MLP encoder, residual quantizer and MLP decoder shares."""

    trains_on_gpu = True
    encoder: EncoderName
    """The entry of `encoders` whose vectors are tokenized."""
    hidden_dims: list[PositiveInt]
    """Hidden widths of the MLP encoder; the decoder mirrors them."""
    latent_dim: PositiveInt
    """Width of a codeword (d)."""
    shared_codebook: bool
    """One book for all levels instead of one a level (inconsistency C-I1)."""
    residuals: Literal["plain", "chained"]
    """Straight-through estimate over the sum of levels (the papers' equations), or level by level (the public code of
    LC-Rec and LETTER)."""
    commitment_weight: NonNegativeFloat
    """beta of L_rq."""
    reduction: Literal["sum", "mean"]
    """Squared norms summed over dimensions and levels (the papers' equations), or averaged (public code)."""
    initialization: Literal["kmeans-batch", "kmeans-all", "normal"]
    """k-means on the first batch (from 128 codewords, or where a batch is smaller than the book, on as many batches as
    give 10 points a codeword), on all items, or no fit."""
    dead_code_epochs: NonNegativeInt
    """A codeword unused for so many epochs is moved to a random residual of its level; 0 never."""
    learning_rate: PositiveFloat
    """AdamW's, constant."""
    weight_decay: NonNegativeFloat
    """AdamW's; 0 is Adam."""
    batch_size: Annotated[int, Field(ge=2)]
    """Items a step; for a contrastive loss, also where its negatives come from."""
    steps: Steps
    """Steps of the optimizer, each over a batch."""
    selection: Literal["last", "fewest-collisions"]
    """Which epoch's weights are kept: the last's, or, of ten evenly spaced ones, the one's with the fewest collisions
    (LC-Rec, LETTER)."""
    repair: SinkhornRepair | None
    """Of collisions, once the codes are made, for the recommender; null: none."""


class RQVAETokenizer(AutoencoderTokenizer):
    """Reconstruction: L_re = L_mse + L_rq (CoST, equation 1)."""

    module = "semtok.tokenizers.rqvae"
    method: Literal["rqvae"]


class CoSTTokenizer(AutoencoderTokenizer):
    """Contrast: L_co = alpha L_cl + L_rq (CoST, equation 5), alone or with reconstruction."""

    module = "semtok.tokenizers.cost"
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


class LCRecTokenizer(AutoencoderTokenizer):
    """RQ-VAE with a last level whose codewords share the items evenly (docs/methods.md, "LC-Rec")."""

    module = "semtok.tokenizers.lc_rec"
    method: Literal["lc-rec"]
    balanced_last_level: Sinkhorn | None
    """In training, items of a batch are spread evenly over the codewords of the last level; null: the nearest one."""


class LETTERTokenizer(AutoencoderTokenizer):
    """L = L_mse + L_rq + beta L_div + alpha L_cf (docs/methods.md, "LETTER")."""

    module = "semtok.tokenizers.letter"
    method: Literal["letter"]
    collaborative: EncoderName
    """The entry of `encoders` whose vectors the quantized latents are aligned with."""
    collaborative_weight: NonNegativeFloat
    """alpha; LETTER's script has 0.01, where its code has 0.1."""
    alignment: Literal["dot", "linear"]
    """Compare the latent itself, which must be as wide as the collaborative vectors, or a learned linear map of it."""
    diversity_weight: NonNegativeFloat
    """beta of L_div; LETTER's script has 0.0001, where its code has 0.1. 0 clusters nothing."""
    clusters: Annotated[int, Field(ge=1)]
    """Groups that the codewords of a book are clustered into before every epoch."""
    min_cluster_size: Annotated[int, Field(ge=2)]
    """Codewords of a group, at least two: a codeword is drawn to another of its group."""
    max_cluster_size: Annotated[int, Field(ge=2)]
    """Codewords of a group."""
    balanced_last_level: Sinkhorn | None
    """In training, items of a batch are spread evenly over the codewords of the last level; null: the nearest one."""

    @model_validator(mode="after")
    def _groups_hold_the_codewords(self) -> "LETTERTokenizer":
        least, most = self.clusters * self.min_cluster_size, self.clusters * self.max_cluster_size
        if not least <= self.codebook_size <= most:
            raise ValueError(
                f"clusters: {self.clusters} of {self.min_cluster_size} to {self.max_cluster_size} codewords hold "
                f"{least} to {most} of them, not the {self.codebook_size} of codebook_size"
            )
        return self
