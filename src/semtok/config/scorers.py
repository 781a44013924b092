"""The config of scorers: what tells how likely a user is to click a candidate (STORE, 4.4). One class a method."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import Field, NonNegativeFloat, PositiveInt, create_model

from semtok.config.base import Method, Name, Resources, Section, entry_of
from semtok.config.on_language_models import AdaptedModel
from semtok.config.recommender_options import TrainingOptions

TEXTS = "texts"
"""What stands in a tokenizer's place for a scorer that reads texts."""

Prompt = Literal["click", "interest", "next"]


class ScorerOptions(Method):
    """What every scorer has."""

    architectures: ClassVar[tuple[str, ...]]
    """Of the language models that it can ask."""
    reads_codes: ClassVar[bool] = False
    """Whether it reads a tokenizer's codes; the others read texts."""

    language_model: Annotated[Name, entry_of("language_models")]
    """An entry of language_models."""
    prompt: Prompt
    """The wording: will the user click it, is it of interest, does it come next."""
    max_items: PositiveInt
    """The most recent items of the history, of which as many are read as the language model has positions for."""


class ZeroShotScorer(ScorerOptions):
    """A language model reads what a user had and a candidate, in words, and is asked whether the user will click it.
    The score is the probability of yes, where yes and no are all there is: after the question, or, of a BERT, in the
    place of a mask behind it. Nothing is trained."""

    architectures = ("opt", "bert")

    method: Literal["zero-shot"]
    """Ask a language model."""
    max_tokens: PositiveInt
    """Of each attribute of an item; the rest is cut off."""
    batch_size: PositiveInt
    """Candidates at a time."""


class ScorerTrainingOptions(TrainingOptions):
    """How a scorer is trained: on candidates of the train users, clicked or not."""

    batch_size: PositiveInt
    """Candidates a step, and at a time in validation."""
    epochs: PositiveInt
    """An epoch is every candidate that is learned from, or `samples_per_epoch` of them."""
    samples_per_epoch: PositiveInt | None
    """Candidates drawn anew without replacement each epoch; null for all."""
    negatives: PositiveInt | None
    """Candidates without a click that are learned from for each click of a user, drawn anew each epoch; null: all."""
    validation_every: PositiveInt
    """Epochs between validations; the best checkpoint is kept."""
    validation_users: PositiveInt | None
    """Validation users whose candidates are scored each time (a fixed sample); null for all."""
    chosen_by: Literal["auc", "gauc", "loss"]
    """What tells the best on their candidates: AUC over all, its mean over users, or the cross-entropy of clicks."""


class ScoringOptions(Section):
    """How candidates are scored; a change scores again, without training."""

    batch_size: PositiveInt
    """Candidates at a time."""


class TrainedScorer(ScorerOptions):
    """What every scorer that is trained has."""

    module: ClassVar[str]
    """Where `train` and `score` are (semtok.recommenders.scorer_task)."""
    resources = {  # noqa: RUF012
        "train_scorer": Resources(mem_mb=16000, minutes=2880),
        "score_candidates": Resources(mem_mb=16000, minutes=480),
    }

    scoring: ScoringOptions
    """How candidates are scored with it."""


class FineTunedScorer(TrainedScorer):
    """A BERT that is asked as the zero-shot one is, and whose weights, all of them, learn from the clicks: the binary
    cross-entropy of yes against no."""

    module = "semtok.recommenders.fine_tuned"
    architectures = ("bert",)

    method: Literal["fine-tuned"]
    """Fine-tune a language model on texts."""
    max_tokens: PositiveInt
    """Of each attribute of an item; the rest is cut off."""
    training: ScorerTrainingOptions
    """How it is trained."""


class CodeScorerTrainingOptions(ScorerTrainingOptions):
    """How a scorer over codes is trained."""

    code_weight: NonNegativeFloat
    """Weight of the cross-entropy of the codes beside that of the click; 0: the click alone is learned."""
    predicted: Literal["history", "clicked", "all"]
    """Which codes are to be told from what stands before them: the history's, but for its first item; and those of the
    candidates that were clicked; or of all candidates."""
    alignment: bool
    """Whether an epoch also has every item once, whose codes are to be told from its text."""


class CodeScorer(TrainedScorer):
    """A language model reads history and candidate as codes, words of their own, and learns with LoRA to answer whether
    the user will click: the binary cross-entropy of yes against no, and the cross-entropy of the codes."""

    module = "semtok.recommenders.code_scorer"
    architectures = ("opt",)
    reads_codes = True

    method: Literal["codes"]
    """Ask a language model that learns a tokenizer's codes."""
    share_weights: Annotated[Name, entry_of("encoders")] | None
    """The dense tokenizer of the same language model from which it starts, its LoRA merged into the weights; null: from
    the language model itself."""
    collisions: Literal["suffix", "expand"]
    """A suffix code numbers the items of one tuple; or a tuple stands for all its items, which have one score."""
    model: AdaptedModel
    """What is trained of the language model."""
    training: CodeScorerTrainingOptions
    """How it is trained."""


ScorerClass = ZeroShotScorer | FineTunedScorer | CodeScorer
ScorerEntry = Annotated[ScorerClass, Field(discriminator="method")]


def methods() -> dict[str, type[ScorerClass]]:
    """The class of each method."""
    kinds = get_args(ScorerClass)
    return {method: kind for kind in kinds for method in get_args(kind.model_fields["method"].annotation)}


def is_trained(entry: Mapping[str, Any]) -> bool:
    """Whether the seed matters to an entry, given as plain values."""
    return issubclass(methods()[entry["method"]], TrainedScorer)


def reads_codes(entry: Mapping[str, Any]) -> bool:
    """Whether an entry, given as plain values, reads a tokenizer's codes."""
    return methods()[entry["method"]].reads_codes


def without(section: Literal["training", "scoring"], options: Mapping[str, Any]) -> Any:
    """The typed options of a job that is not given the section `section`, so that it depends on the other alone.

    There the section is None.
    """
    kind = methods()[options["method"]]
    left_out: Any = {section: (None, None)}
    return create_model(kind.__name__, __base__=kind, **left_out).model_validate(options)
