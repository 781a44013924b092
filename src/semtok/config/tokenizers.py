"""The config of the tokenizer stage: one class a method."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from semtok.config.base import Method, Name, PathText, Section, entry_of
from semtok.config.budget import Steps

Modality = Literal["text", "image", "collaborative", "spatial"]
"""What a view of an item may be."""

IDS = "ids"
"""The tokenizer of a recommender over plain item ids; it has no entry in the config."""

EncoderName = Annotated[Name, entry_of("encoders")]


class TokenizerOptions(Method):
    """What is true of a tokenizer, whatever its options."""

    module: ClassVar[str]
    """Where `tokenize(task)` gives `Tokens` (semtok.tokenizers.base)."""
    trains_on_gpu: ClassVar[bool] = False
    """Whether its training runs on a GPU, or on several; the others need none."""


class Quantized(TokenizerOptions):
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
    """Of Sinkhorn's algorithm: normalisations of rows and columns in turn."""


class SinkhornRepair(Sinkhorn):
    """Items of one tuple are spread over the last level's codewords by Sinkhorn's iterations (LC-Rec; methods.md 1.5).
    For the recommender only: the diagnostics show the raw codes."""

    rounds: PositiveInt
    """How often the items that still collide are tried again."""


class RandomTokenizer(Quantized):
    """Distinct random codes (CoST's "Random")."""

    module = "semtok.tokenizers.random_codes"
    method: Literal["random"]


class RQKMeansTokenizer(Quantized):
    """k-means on the residuals, level by level, without a network."""

    module = "semtok.tokenizers.rq_kmeans"
    method: Literal["rq-kmeans"]
    encoder: EncoderName
    """The entry of `encoders` whose vectors are tokenized."""
    max_iterations: PositiveInt
    """Of k-means (Lloyd's algorithm), at each level."""
    repair: SinkhornRepair | None
    """Of collisions, once the codes are made, for the recommender; null: none."""


class STORETokenizer(Quantized):
    """STORE's clusterer: PCA and k-means of each dense token on its own (methods.md 3.8). The levels are positions, not
    residuals: `n_levels` are as many as the encoder's `dense_tokens`."""

    module = "semtok.tokenizers.store"
    method: Literal["store"]
    encoder: EncoderName
    """The entry of `encoders` whose vectors are tokenized: states of `n_levels` dense tokens, one after the other."""
    components: PositiveInt
    """Principal components of a position that are clustered."""
    initializations: PositiveInt
    """Of k-means, by k-means++; the best result is taken."""
    max_iterations: PositiveInt
    """Of k-means (Lloyd's algorithm)."""


class ExternalTokenizer(TokenizerOptions):
    """Codes that the user brings."""

    module = "semtok.tokenizers.external"
    method: Literal["external"]
    path: PathText
    """`.npy` [n_items, n_levels], or JSON: {item: [1, 2, ...]}, or {item: ["<a_1>", "<b_2>", ...]} as LETTER, LC-Rec
    and MiniOneRec publish."""
    below: Literal["here", "mirror"] = "here"
    """Where a relative `path` begins: the working directory, or the mirror folder, beside the raw files."""
    keys: Literal["index", "raw"]
    """What the JSON's keys are: the item's row in items.parquet, or its id in the raw files."""


class AutoencoderTokenizer(Quantized):
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
    (LC-Rec, LETTER; methods.md 2.6)."""
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
    """RQ-VAE with a last level whose codewords share the items evenly (LC-Rec; methods.md 3.7)."""

    module = "semtok.tokenizers.lc_rec"
    method: Literal["lc-rec"]
    balanced_last_level: Sinkhorn | None
    """In training, items of a batch are spread evenly over the codewords of the last level; null: the nearest one."""


class LETTERTokenizer(AutoencoderTokenizer):
    """L = L_mse + L_rq + beta L_div + alpha L_cf (methods.md 3.5)."""

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


class SimCITTokenizer(Quantized):
    """L = sum over modalities of NT-Xent(zhat, z_m) (SimCIT, equation 6; methods.md 3.6)."""

    module = "semtok.tokenizers.simcit"
    trains_on_gpu = True
    method: Literal["simcit"]
    views: dict[Modality, EncoderName | None]
    """The entry of `encoders` of each modality; null or absent: without it. Items that lack a view are learned from
    their others."""
    standardize: bool
    """Take the mean off each view and divide it by its root mean square, so that all begin at the scale of alpha."""
    hidden_dims: list[PositiveInt]
    """Hidden widths of a modality's MLP encoder (f_m)."""
    activation: Literal["relu", "silu"]
    """Of the MLP encoders' hidden layers: ReLU, or SiLU (released code)."""
    encoder_bias: bool
    """Whether the encoders' layers have a bias (the released code's have none)."""
    encoder_initialization: Literal["he", "torch"]
    """Weights that keep the scale of their input (He), and no bias at first; or torch's own, with which latents are so
    short that alpha and the noise drown the distances and all codes become one."""
    latent_dim: PositiveInt
    """Width of a latent and a codeword (d)."""
    fusion: Literal["query", "tanh", "mean"]
    """A modality's weight: softmax of q^T z_m (equation before 1), of w^T tanh(W z_m + b) (released code), or equal."""
    shared_codebook: bool
    """One book for all levels, as SimCIT says, instead of one a level (as C-I1 for CoST)."""
    search: Literal["soft", "hard-frozen", "hard-vq"]
    """Gumbel-softmax (equations 3-5), or the nearest codeword with a straight-through estimate: without a loss of its
    own, so that the codewords stay as they were initialised, or with codebook and commitment loss."""
    commitment_weight: NonNegativeFloat
    """beta of hard-vq."""
    noise: Literal["unit", "annealed", "none"]
    """On the negative distances: Gumbel(0, 1) times alpha ("follows an annealing schedule", towards the nearest
    codeword); or at unit size (equation 3, released code), with which a low alpha draws a codeword; or none."""
    distance: Literal["sum", "mean"]
    """Squared distances summed or averaged over dimensions, which sets their scale against alpha and the noise."""
    annealing: Literal["exponential", "constant"]
    """alpha falls from start_temperature to end_temperature over annealing_share of the steps, or stays (M-I7)."""
    start_temperature: PositiveFloat
    """alpha of the Gumbel softmax at the first step; at all steps where annealing is constant."""
    end_temperature: PositiveFloat
    """alpha at the end of the annealing."""
    annealing_share: Annotated[float, Field(gt=0, le=1)]
    """Share of the steps after which end_temperature is reached."""
    projection: Literal["linear", "identity", "mlp"]
    """The head g before the loss: one layer (released code), none, or two layers with a ReLU."""
    temperature: PositiveFloat
    """tau of NT-Xent."""
    mask_duplicates: bool
    """In a modality's loss, leave items of the same vector of it out of each other's negatives (methods.md 10.6)."""
    codeword_regularizer: NonNegativeFloat
    """Weight of the mean cosine between the codewords of a book (M-I12; released code: 1)."""
    initialization: Literal["kmeans", "normal", "uniform"]
    """Of the codewords: k-means on the fused latents of the first batches, N(0, 1/d), or uniform on [0, 1) (released
    code)."""
    optimizer: Literal["adam", "adamw"]
    """Adam, or AdamW, whose weight decay is decoupled (released code)."""
    learning_rate: PositiveFloat
    """Of the optimizer; the peak of its schedule."""
    weight_decay: NonNegativeFloat
    """AdamW's, or the L2 penalty of Adam."""
    schedule: Literal["constant", "cosine"]
    """The learning rate stays, or falls to 0 along half a cosine."""
    warmup: Annotated[float, Field(ge=0, lt=1)]
    """Share of the steps over which the learning rate rises."""
    batch_size: Annotated[int, Field(ge=2)] | None
    """Items a step, which are each other's negatives (M-I8); null: min(4096, half the items)."""
    steps: Steps
    """Steps of the optimizer, each over a batch. The schedules of alpha and of the learning rate go by their share."""
    log_every: PositiveInt
    """Steps between two rows of the history."""
    repair: SinkhornRepair | None
    """Of collisions, once the codes are made, for the recommender; null: none."""

    @model_validator(mode="after")
    def _parts_fit_together(self) -> "SimCITTokenizer":
        if not any(self.views.values()):
            raise ValueError(f"at least one of views ({', '.join(get_args(Modality))}) with an entry of encoders")
        if self.end_temperature > self.start_temperature:
            raise ValueError("end_temperature at most start_temperature: a search that starts sharp freezes the codes")
        if self.search == "hard-frozen" and self.codeword_regularizer:
            raise ValueError("codeword_regularizer: 0 with search: hard-frozen, whose codewords do not learn")
        return self


Tokenizer = Annotated[
    RandomTokenizer
    | RQKMeansTokenizer
    | STORETokenizer
    | ExternalTokenizer
    | RQVAETokenizer
    | CoSTTokenizer
    | LCRecTokenizer
    | LETTERTokenizer
    | SimCITTokenizer,
    Field(discriminator="method"),
]

_ROLES = dict.fromkeys(
    option
    for kind in get_args(get_args(Tokenizer)[0])
    for option, field in kind.model_fields.items()
    if get_args(EncoderName)[-1] in field.metadata
)


def encoders_of(options: Mapping[str, Any]) -> dict[str, str]:
    """The entries of `encoders` that a tokenizer reads, by role.

    The role is the option's name (`encoder`, `collaborative`), or, for a tokenizer of several views, the modality that
    `views` gives the entry for.
    """
    views = {role: options[role] for role in _ROLES if options.get(role)}
    # By name, since the order of the keys differs between the config and a job's params.
    return views | {role: entry for role, entry in sorted((options.get("views") or {}).items()) if entry}
