"""The config of the encoder stage: one class a method."""

from typing import Annotated, ClassVar, Literal, get_args

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from semtok.config.base import Name, PathText, Section, Seed, entry_of
from semtok.config.encoder_options import EncoderModality, EncoderOptions
from semtok.config.language_encoders import DenseTokenizerEncoder, LanguageStatesEncoder


class TfidfEncoder(EncoderOptions):
    """TF-IDF and truncated SVD (scikit-learn): text vectors without any download."""

    module = "semtok.encoders.tfidf"
    modality = "text"

    method: Literal["tfidf"]
    dimensions: PositiveInt
    """Components of the truncated SVD; fewer where texts or vocabulary do not allow as many."""
    max_features: PositiveInt
    """Size of the vocabulary: the most frequent terms are kept."""
    seed: int
    """Of the randomised SVD."""


class SentenceTransformersEncoder(EncoderOptions):
    """Any sentence-transformers model."""

    module = "semtok.encoders.sentence_transformers"
    modality = "text"
    scatters = True

    method: Literal["sentence-transformers"]
    model: PathText
    """A name on the hub, a local folder, or `package:NAME/FOLDER` for weights that a Python package carries."""
    prefix: str
    """Put before every text, as E5 was trained with ("passage: "); empty for others."""
    max_tokens: PositiveInt
    """Longer texts are truncated, at most at the model's own maximum."""
    batch_size: PositiveInt
    """Texts a forward pass."""


class TimmEncoder(EncoderOptions):
    """Any timm model, with the preprocessing that belongs to it."""

    module = "semtok.encoders.timm"
    modality = "image"
    scatters = True

    method: Literal["timm"]
    model: PathText
    """A name that timm knows, with or without the tag of its weights (`vit_base_patch16_224.augreg2_in21k_ft_in1k`).
    Its own preprocessing is used."""
    pretrained: bool | PathText
    """true: the published weights, downloaded; false: none, and the facts beside the vectors say `untrained: true`;
    or the path of a checkpoint of that model (.safetensors, or of torch)."""
    seed: int | None
    """Of the initial weights; needed where none are loaded, else null."""
    image_size: PositiveInt | None
    """Side of the input in pixels; null: the model's own."""
    batch_size: PositiveInt
    """Pictures a forward pass."""

    @model_validator(mode="after")
    def _untrained_weights_have_a_seed(self) -> "TimmEncoder":
        if self.pretrained is False and self.seed is None:
            raise ValueError("pretrained: false needs a seed for the initial weights")
        return self


class ALSEncoder(EncoderOptions):
    """Item factors of implicit matrix factorisation of the train interactions by alternating least squares (the
    `implicit` library); items that train does not hold are missing."""

    module = "semtok.encoders.als"
    modality = "collaborative"
    seeded = True

    method: Literal["als"]
    factors: PositiveInt
    """Dimensions of the vectors."""
    alpha: PositiveFloat
    """A user-item count r has confidence 1 + alpha r."""
    regularization: NonNegativeFloat
    """Weight of the squared L2 norm of the factors."""
    iterations: PositiveInt
    """Each solves for all users, then for all items."""
    standardize: bool
    """Bring every column to zero mean and unit variance over the items that have a vector."""
    seed: int
    """Of the initial factors; that of a run is added."""


class GraphOptions(Section):
    """What is true of a graph of items, whatever its options."""

    module: ClassVar[str]
    """Where `build(options, items, interactions)` gives its weights."""
    reads_interactions: ClassVar[bool] = False


class DistanceGraph(GraphOptions):
    """Items beside their nearest neighbours on the Earth, with a Gaussian weight of the distance; the spatial view of
    SimCIT's implementation (M-I11; docs/methods.md, "Spatial graphs")."""

    module = "semtok.encoders.distance_graph"

    method: Literal["distance"]
    neighbours: PositiveInt
    """Nearest other places that each item is joined to; items of one place are joined besides."""
    radius_km: PositiveFloat
    """Farther neighbours are left out; an item that has none within it keeps the nearest."""
    minimum_scale_m: PositiveFloat
    """The Gaussian's width is the median distance of neighbours, and at least this, in metres."""


class CheckInGraph(GraphOptions):
    """Items that users visit one after the other, in train; as a view of its own (M-I11)."""

    module = "semtok.encoders.check_in_graph"
    reads_interactions = True

    method: Literal["check-in"]
    max_gap_hours: PositiveFloat
    """Check-ins farther apart are not one after the other."""


Graph = Annotated[DistanceGraph | CheckInGraph, Field(discriminator="method")]


class GraphSAGEEncoder(EncoderOptions):
    """GraphSAGE on a graph of places, trained without labels on weighted random walks (torch-geometric;
    docs/methods.md, "GraphSAGE")."""

    module = "semtok.encoders.graphsage"
    modality = "spatial"
    seeded = True

    method: Literal["graphsage"]
    graph: Graph
    """What joins the places: their distance, or users' consecutive check-ins."""
    fourier_scales: NonNegativeInt
    """Wavelengths of the coordinates' Fourier features, in geometric steps; 0: no coordinates among the inputs."""
    largest_scale_km: PositiveFloat
    """Longest wavelength of the Fourier features."""
    smallest_scale_km: PositiveFloat
    """Shortest wavelength of the Fourier features."""
    identity_dim: NonNegativeInt
    """Width of a learned vector an item among the inputs; 0: none."""
    hidden_dim: PositiveInt
    """Width of both layers."""
    dimensions: PositiveInt
    """Width of the vectors."""
    neighbour_samples: Annotated[list[PositiveInt], Field(min_length=2, max_length=2)]
    """Neighbours drawn a node in the first layer, which sees the inputs, and in the second."""
    walks_per_node: PositiveInt
    """Walks of an epoch that start at each node; every epoch draws its own. The public code has 50."""
    walk_length: PositiveInt
    """Steps of a walk."""
    negatives: PositiveInt
    """Drawn for each batch, shared by its pairs."""
    negative_exponent: NonNegativeFloat
    """Negatives are drawn in proportion to degree to this power."""
    temperature: Annotated[float, Field(ge=0.01)]
    """Cosines are divided by it in the logistic loss; where it is learned, the initial value."""
    learn_temperature: bool
    """Learn the temperature with the weights, or keep it fixed."""
    learning_rate: PositiveFloat
    """Adam's, constant."""
    batch_size: PositiveInt
    """Pairs."""
    epochs: PositiveInt
    """Passes over every node's walks."""
    seed: int
    """Of the initial weights, the walks, the negatives and the neighbour samples; that of a run is added."""

    @model_validator(mode="after")
    def _there_are_inputs(self) -> "GraphSAGEEncoder":
        if not self.fourier_scales and not self.identity_dim:
            raise ValueError("fourier_scales and identity_dim are both 0, so that the network has no input")
        return self

    @model_validator(mode="after")
    def _scales_in_order(self) -> "GraphSAGEEncoder":
        if self.smallest_scale_km > self.largest_scale_km:
            raise ValueError(
                f"smallest_scale_km must be at most largest_scale_km = {self.largest_scale_km}, "
                f"got {self.smallest_scale_km}"
            )
        return self


class RecommenderItemsEncoder(EncoderOptions):
    """The item vectors that a recommender over plain ids has learned from the train records (LETTER's)."""

    module = "semtok.encoders.recommender_items"
    modality = "recommender"
    seeded = True

    method: Literal["recommender-items"]
    recommender: Annotated[Name, entry_of("recommenders over plain item ids")]
    """The entry of `recommenders`, one over plain item ids."""
    seed: Seed
    """Which of its runs the tokenizers of seed 0 read; those of other seeds read as many seeds later ones."""


EncoderClass = (
    TfidfEncoder
    | SentenceTransformersEncoder
    | TimmEncoder
    | ALSEncoder
    | GraphSAGEEncoder
    | RecommenderItemsEncoder
    | LanguageStatesEncoder
    | DenseTokenizerEncoder
)
EncoderEntry = Annotated[EncoderClass, Field(discriminator="method")]


def methods_for(modality: EncoderModality) -> list[str]:
    """The methods that encode a modality."""
    kinds = [kind for kind in get_args(EncoderClass) if kind.modality == modality]
    return [method for kind in kinds for method in get_args(kind.model_fields["method"].annotation)]
