"""The config of the recommender stage: one class a method, in parts that separate rules read."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import (
    ConfigDict,
    Discriminator,
    Field,
    ModelWrapValidatorHandler,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    SerializeAsAny,
    Tag,
    ValidationError,
    create_model,
    model_validator,
)
from pydantic_core import InitErrorDetails

from semtok.config.base import Method, Probability, Section
from semtok.config.choice import Grid, combinations, with_choice
from semtok.config.own import is_own, own_module
from semtok.config.variants import replaced
from semtok.errors import ConfigError


def _wrong(location: tuple[str, ...], found: Any, expected: str) -> ValidationError:
    """A mistake in a part of a section."""
    error = InitErrorDetails(type="value_error", loc=location, input=found, ctx={"error": ValueError(expected)})
    return ValidationError.from_exception_data("recommender", [error])


class RecommenderOptions(Method):
    """What is true of a recommender, whatever its options."""

    module: ClassVar[str]
    """Where `train` and `decode` are (semtok.recommenders.task)."""
    reads_ids: ClassVar[bool] = False
    """Whether it is one over plain item ids, with the tokenizer `ids`; the others read codes."""
    reads_texts: ClassVar[bool] = False
    """Whether it is given the dataset's items.parquet."""
    reads_places: ClassVar[bool] = False
    """Whether it is given the dataset's items.parquet for their coordinates, and takes the interactions' times for
    real: a dataset that has not got them (`Preparation.has_places`) is refused."""
    reads_tokenizer_model: ClassVar[bool] = False
    """Whether it is given the model.safetensors of its tokenizer."""
    ranked_by: ClassVar[str]
    """The option of `decoding` that says how many items are ranked for a target."""

    choose: Grid | None = None
    """Options that are chosen by validation on each dataset, with the values to choose from, as in
    {training.learning_rate: [0.001, 0.003], model.dropout: [0.2, 0.5]}: all combinations are trained with the first of
    the seeds, and every seed is trained with the one of the highest Recall@10. The tables say grid and choice."""

    @model_validator(mode="after")
    def _candidates_are_valid(self) -> "RecommenderOptions":
        plain = {**self.model_dump(), "choose": None}
        for values in combinations(self.choose) if self.choose else ():
            try:
                type(self).model_validate(replaced(plain, values, "choose"))
            except ConfigError as error:
                raise _wrong(("choose",), values, f"options of it ({error})") from None
            except ValidationError as error:
                first = error.errors()[0]
                option = ".".join(map(str, first["loc"]))
                raise _wrong(
                    ("choose",), values, f"values that are valid together ({option}: {first['msg']})"
                ) from None
        return self

    @property
    def n_ranked(self) -> int:
        """How many items are ranked for a target."""
        ranked: int = getattr(self.decoding, self.ranked_by)  # type: ignore[attr-defined]
        return ranked


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


class TrainingOptions(Section):
    """How any recommender is trained; a change trains again. TIGER's samples are prefixes; over plain item ids they are
    windows of users' train parts."""

    optimizer: Literal["adamw", "adafactor"]
    """`adafactor` is T5's and TIGER's own: its learning_rate is relative (0.01 to 0.03), a step is the rate times the
    tensor's root mean square, and the embeddings learn faster."""
    learning_rate: PositiveFloat
    """The peak of its schedule."""
    weight_decay: NonNegativeFloat
    """Decoupled, of matrices only; AdamW with 0 is Adam."""
    warmup: Probability
    """Share of the steps over which the learning rate rises."""
    schedule: Literal["cosine", "constant"]
    """Behind the warmup the learning rate falls to 0 along half a cosine, or stays."""
    batch_size: PositiveInt
    """Samples a step."""
    epochs: PositiveInt
    """An epoch is every sample of every user's train part, or `samples_per_epoch` of them."""
    samples_per_epoch: PositiveInt | None
    """Samples drawn anew without replacement each epoch; null for all."""
    validation_every: PositiveInt
    """Epochs between validations; the best checkpoint is kept (over codes by Recall@10, over plain ids by NDCG@10)."""
    validation_users: PositiveInt | None
    """Validation targets ranked each time (a fixed sample); null for all."""
    patience: NonNegativeInt
    """Validations that are not better before training stops; 0 never stops."""


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
    """Only existing tuples, or only the codes of the position (methods.md 8.3)."""
    renormalize: bool
    """Share the probability of forbidden codes among the allowed ones (off: methods.md 8.1)."""
    batch_size: PositiveInt
    """Targets decoded together."""
    certify_users: NonNegativeInt
    """Users whose whole catalogue is scored to certify the beam (overlap@20)."""


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


class FullRankingOptions(Section):
    """How the catalogue is ranked; a change ranks again, without training."""

    batch_size: PositiveInt
    """Targets whose scores over the catalogue are held at once."""
    top: PositiveInt
    """Best items kept for each target, at least the largest k of any table."""


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


RecommenderClass = TIGER | DecoderOnly | SASRec | BERT4Rec | GRU4Rec | STGN | GeoSAN | STAN


class OwnRecommender(RecommenderOptions):
    """A recommender of your own, in a file outside of this package. The file holds a class that derives from this one
    and says what the other options are: docs/extending.md."""

    # `method` has to be there for the schema to take anything else: parts of a config may lack what is `required`.
    model_config = ConfigDict(
        json_schema_extra={
            "additionalProperties": True,
            "not": {"properties": {"method": {"not": {"pattern": r"\.py$"}}}},
        }
    )

    method: Annotated[str, Field(pattern=r"\.py$")]
    """Path of the file from where Snakemake is run, as `narm.py`."""

    @model_validator(mode="wrap")
    @classmethod
    def _by_the_class_in_the_file(
        cls, values: Any, handler: ModelWrapValidatorHandler["OwnRecommender"]
    ) -> "OwnRecommender":
        return handler(values) if cls is not OwnRecommender else own_class(values["method"]).model_validate(values)


def own_class(path: str) -> type[OwnRecommender]:
    """The class of options in a file.

    Raises a ValidationError of `method` where there is no such file, where it cannot be imported, or where it lacks
    what a recommender has.
    """
    try:
        module = own_module(path)
    except OSError:
        raise _wrong(("method",), path, "the path of a Python file from where Snakemake is run") from None
    except Exception as error:
        raise _wrong(("method",), path, f"a module that can be imported ({type(error).__name__}: {error})") from error
    own = [one for one in vars(module).values() if isinstance(one, type) and one.__module__ == module.__name__]
    classes = [one for one in own if issubclass(one, OwnRecommender)]
    if len(classes) != 1:
        raise _wrong(("method",), path, f"one class in it that derives from OwnRecommender, not {len(classes)}")
    if missing := [name for name in ("train", "decode") if not callable(getattr(module, name, None))]:
        raise _wrong(("method",), path, f"a function {missing[0]} in it (semtok.recommenders.task)")
    kind = classes[0]
    if missing := [name for name in ("training", "decoding") if name not in kind.model_fields]:
        raise _wrong(("method",), path, f"an option {missing[0]} in its class {kind.__name__}")
    ranking: Any = kind.model_fields["decoding"].annotation
    if getattr(kind, "ranked_by", None) not in getattr(ranking, "model_fields", {}):
        raise _wrong(("method",), path, f"the name of an option of decoding as ranked_by of its class {kind.__name__}")
    kind.module = module.__name__
    return kind


Recommender = Annotated[
    Annotated[Annotated[RecommenderClass, Field(discriminator="method")], Tag("[of the package]")]
    | Annotated[SerializeAsAny[OwnRecommender], Tag("[own]")],
    Discriminator(lambda entry: "[own]" if is_own(_method_of(entry)) else "[of the package]"),
]


def _method_of(entry: Any) -> Any:
    return entry.get("method") if isinstance(entry, Mapping) else getattr(entry, "method", None)


def methods() -> dict[str, type[RecommenderClass]]:
    """The class of each method of the package."""
    kinds = get_args(RecommenderClass)
    return {method: kind for kind in kinds for method in get_args(kind.model_fields["method"].annotation)}


def without(section: Literal["training", "decoding"], options: Mapping[str, Any]) -> RecommenderClass:
    """The typed options of a job that is not given the section `section`, so that it depends on the other alone.

    There the section is None. What was chosen by validation is read from its file.
    """
    method = options["method"]
    kind: Any = own_class(method) if is_own(method) else methods()[method]
    left_out: Any = {section: (None, None)}
    found: RecommenderClass = create_model(kind.__name__, __base__=kind, **left_out).model_validate(
        with_choice(options)
    )
    return found
