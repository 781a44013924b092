"""What the options of all recommenders have, in parts that separate rules read."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    Field,
    ModelWrapValidatorHandler,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from semtok.config.base import Method, Probability, Section
from semtok.config.choice import SearchGrid, combinations, options_of
from semtok.config.own import OWN, only_class, own_module, wrong
from semtok.config.variants import replaced
from semtok.errors import ConfigError


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
    reads_language_model: ClassVar[bool] = False
    """Whether it is built in a language model, and so made by rules of its own (semtok.recommenders.language_task)."""
    ranked_by: ClassVar[str]
    """The option of `decoding` that says how many items are ranked for a target."""

    choose: SearchGrid | None = None
    """Options that are chosen by validation on each dataset, with the values to choose from, as in
    {training.learning_rate: [0.001, 0.003], model.dropout: [0.2, 0.5]}: all combinations are trained with the first of
    the seeds, and every seed is trained with the one of the highest Recall@10. Options that have one value are one key,
    `model.dropout & model.attention_dropout`. The tables say grid and choice."""

    @model_validator(mode="after")
    def _candidates_are_valid(self) -> "RecommenderOptions":
        named = [option for key in self.choose or () for option in options_of(key)]
        if len(named) > len(set(named)):
            raise wrong(("choose",), named, "each option in one key")
        plain = {**self.model_dump(), "choose": None}
        for values in combinations(self.choose) if self.choose else ():
            try:
                type(self).model_validate(replaced(plain, values, "choose"))
            except ConfigError as error:
                raise wrong(("choose",), values, f"options of it ({error})") from None
            except ValidationError as error:
                first = error.errors()[0]
                option = ".".join(map(str, first["loc"]))
                raise wrong(("choose",), values, f"values that are valid together ({option}: {first['msg']})") from None
        return self

    @property
    def n_ranked(self) -> int:
        """How many items are ranked for a target."""
        ranked: int = getattr(self.decoding, self.ranked_by)  # type: ignore[attr-defined]
        return ranked


class TrainingOptions(Section):
    """How any recommender is trained; a change trains again. Over plain item ids, and with `targets: every`, samples
    are windows of users' train parts with a prediction at every item (of BERT4Rec at the masked ones); else (`targets:
    last`, LC-Rec) prefixes with one prediction each, so that the same `batch_size` is a smaller step there."""

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
    """Epochs between validations; the best checkpoint is kept, by Recall@10 of all rows alike."""
    validation_users: PositiveInt | None
    """Validation targets ranked each time (a fixed sample); null for all."""
    patience: NonNegativeInt
    """Validations that are not better before training stops; 0 never stops."""


class FullRankingOptions(Section):
    """How the catalogue is ranked; a change ranks again, without training."""

    batch_size: PositiveInt
    """Targets whose scores over the catalogue are held at once."""
    top: PositiveInt
    """Best items kept for each target, at least the largest k of any table."""


class OwnRecommender(RecommenderOptions):
    """A recommender of your own, in a file outside of this package. The file holds a class that derives from this one
    and says what the other options are: docs/extending.md."""

    model_config = OWN

    method: Annotated[str, Field(pattern=r"\.py$")]
    """Path of the file from where Snakemake is run, as `narm.py`."""

    @model_validator(mode="wrap")
    @classmethod
    def _by_the_class_in_the_file(
        cls, values: Any, handler: ModelWrapValidatorHandler["OwnRecommender"], info: ValidationInfo
    ) -> "OwnRecommender":
        if cls is not OwnRecommender:
            return handler(values)
        return own_class(values["method"]).model_validate(values, context=info.context)


def own_class(path: str) -> type[OwnRecommender]:
    """The class of options in a file.

    Raises a ValidationError of `method` where there is no such file, where it cannot be imported, or where it lacks
    what a recommender has.
    """
    kind = only_class(path, OwnRecommender, "train", "decode")
    if missing := [name for name in ("training", "decoding") if name not in kind.model_fields]:
        raise wrong(("method",), path, f"an option {missing[0]} in its class {kind.__name__}")
    if kind.reads_language_model and "language_model" not in kind.model_fields:
        raise wrong(("method",), path, f"an option language_model in its class {kind.__name__}, which reads one")
    ranking: Any = kind.model_fields["decoding"].annotation
    if getattr(kind, "ranked_by", None) not in getattr(ranking, "model_fields", {}):
        raise wrong(("method",), path, f"the name of an option of decoding as ranked_by of its class {kind.__name__}")
    kind.module = own_module(path).__name__
    found: type[OwnRecommender] = kind
    return found
