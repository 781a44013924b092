"""Options of the recommenders in a language model (STORE, 3.3 and 4.1)."""

from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from semtok.config.base import Name, Resources, Section, entry_of
from semtok.config.over_codes import DecodingOptions, GeneratorTrainingOptions
from semtok.config.recommender_options import FullRankingOptions, RecommenderOptions, TrainingOptions


class AdaptedModel(Section):
    """What is trained of a language model, beside the vectors of codes or items that it reads and writes."""

    lora_rank: PositiveInt
    """Rank of LoRA's maps, which are added to the queries and values of every block."""
    lora_alpha: PositiveFloat
    """The maps' result counts lora_alpha / lora_rank times."""
    lora_dropout: Annotated[float, Field(ge=0, lt=1)]
    """Probability of dropout before LoRA's maps."""


class LanguageModelRecommender(RecommenderOptions):
    """What every recommender in a language model has."""

    reads_language_model = True
    resources = {  # noqa: RUF012
        "train_with_language_model": Resources(mem_mb=16000, minutes=2880),
        "decode_with_language_model": Resources(mem_mb=16000, minutes=480),
    }

    language_model: Annotated[Name, entry_of("language_models")]
    """The entry of `language_models`; its word embeddings and other weights stay as they are."""
    share_weights: Annotated[Name, entry_of("encoders")] | None
    """The dense tokenizer of the same language model from which it starts, its LoRA merged into the weights; null: from
    the language model itself."""
    max_items: PositiveInt
    """Most recent items of the history that are read; longer train parts are cut into windows of so many targets."""


class LanguageModelOverCodes(LanguageModelRecommender):
    """What every recommender over codes in a language model has."""

    ranked_by = "beam_size"

    collisions: Literal["suffix", "expand"]
    """A suffix code numbers the items of one tuple; or a tuple stands for all its items, in seeded random order."""
    decoding: DecodingOptions
    """How items are generated."""

    @property
    def user_tokens(self) -> int:
        """Users are not among what is read."""
        return 0


class STOREModel(AdaptedModel):
    """What is trained of STORE's language model."""

    code_embeddings: Literal["random", "centroids"]
    """The first vectors of the codes: random, as the paper says; or the centroids of the tokenizer `store`, mapped back
    to dense tokens (suffix codes stay random)."""


class STORETrainingOptions(GeneratorTrainingOptions):
    """How STORE's recommender is trained."""

    validation_beam_size: Annotated[int, Field(ge=10)]
    """Beam size of the validations, at least the 10 of Recall@10."""
    alignment: bool
    """An epoch begins with a pass over the items, whose codes are told from their texts, until as many validations as
    `patience` were no better; then recommendation goes on alone. With a patience of 0, every epoch does."""
    alignment_items: PositiveInt | None
    """Items of such a pass, drawn anew for each; null for all."""


class STORERecommender(LanguageModelOverCodes):
    """A language model reads codes as words of their own and writes those of the next item (STORE, 3.3). Without
    alignment and over TIGER's codes, it is what STORE calls TIGER with OPT."""

    module = "semtok.recommenders.store"
    reads_tokenizer_model = True

    method: Literal["store"]
    model: STOREModel
    """What is trained of the language model."""
    training: STORETrainingOptions
    """How it is trained."""

    @model_validator(mode="after")
    def _rate_reaches_its_end(self) -> "STORERecommender":
        training = self.training
        if training and training.alignment and training.patience and training.schedule == "cosine":
            raise ValueError(
                "training.schedule: found cosine with alignment and patience; expected constant, since nobody knows "
                "beforehand how many steps alignment takes"
            )
        return self

    @property
    def reads_texts(self) -> bool:  # type: ignore[override]
        """Alignment does; `training` is not there while decoding."""
        return bool(self.training and self.training.alignment)


class LCRecRecommender(LanguageModelOverCodes):
    """A language model is instructed in three tasks at once: a history's next item, a text's codes, and codes' text
    (LC-Rec). The three others of its paper need texts that another language model writes."""

    module = "semtok.recommenders.lc_rec"
    reads_texts = True

    method: Literal["lc-rec"]
    model: AdaptedModel
    """What is trained of the language model."""
    training: GeneratorTrainingOptions
    """How it is trained; an epoch has every train record with a past, and every item twice."""


class P5(LanguageModelRecommender):
    """A language model with one word of its own for each item, and a softmax over all items (P5 as STORE has it)."""

    module = "semtok.recommenders.p5"
    reads_ids = True
    ranked_by = "top"

    method: Literal["p5"]
    model: AdaptedModel
    """What is trained of the language model."""
    training: TrainingOptions
    """How it is trained."""
    decoding: FullRankingOptions
    """How the catalogue is ranked with it."""
