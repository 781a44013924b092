"""The config of the tokenizer stage: one class a method."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    Discriminator,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    SerializeAsAny,
    Tag,
    model_validator,
)

from semtok.config.autoencoders import CoSTTokenizer, LCRecTokenizer, LETTERTokenizer, RQVAETokenizer
from semtok.config.base import PathText
from semtok.config.budget import Steps
from semtok.config.own import is_own, method_of
from semtok.config.tokenizer_options import (
    CodebookTokenizer,
    EncoderName,
    OwnTokenizer,
    SinkhornRepair,
    TokenizerOptions,
)

Modality = Literal["text", "image", "collaborative", "spatial"]
"""What a view of an item may be."""

IDS = "ids"
"""The tokenizer of a recommender over plain item ids; it has no entry in the config."""


class RandomTokenizer(CodebookTokenizer):
    """Distinct random codes (CoST's "Random")."""

    module = "semtok.tokenizers.random_codes"
    method: Literal["random"]


class RQKMeansTokenizer(CodebookTokenizer):
    """k-means on the residuals, level by level, without a network."""

    module = "semtok.tokenizers.rq_kmeans"
    method: Literal["rq-kmeans"]
    encoder: EncoderName
    """The entry of `encoders` whose vectors are tokenized."""
    max_iterations: PositiveInt
    """Of k-means (Lloyd's algorithm), at each level."""
    repair: SinkhornRepair | None
    """Of collisions, once the codes are made, for the recommender; null: none."""


class STORETokenizer(CodebookTokenizer):
    """STORE's clusterer: PCA and k-means of each dense token on its own (STORE, 3.2). The levels are positions, not
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


class SimCITTokenizer(CodebookTokenizer):
    """L = sum over modalities of NT-Xent(zhat, z_m) (SimCIT, equation 6; docs/methods.md, "SimCIT")."""

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
    """In a modality's loss, leave items of the same vector of it out of each other's negatives."""
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


TokenizerClass = (
    RandomTokenizer
    | RQKMeansTokenizer
    | STORETokenizer
    | ExternalTokenizer
    | RQVAETokenizer
    | CoSTTokenizer
    | LCRecTokenizer
    | LETTERTokenizer
    | SimCITTokenizer
)

TokenizerEntry = Annotated[
    Annotated[Annotated[TokenizerClass, Field(discriminator="method")], Tag("[of the package]")]
    | Annotated[SerializeAsAny[OwnTokenizer], Tag("[own]")],
    Discriminator(lambda entry: "[own]" if is_own(method_of(entry)) else "[of the package]"),
]

_ROLES = dict.fromkeys(
    option
    for kind in get_args(TokenizerClass)
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
