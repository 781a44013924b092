"""The whole config."""

from typing import Annotated

from pydantic import Field, NonNegativeInt, field_validator

from semtok.config.base import Section
from semtok.config.data import Dataset, Source
from semtok.config.encoders import Encoder
from semtok.config.papers import PaperConfig
from semtok.config.recommenders import Recommender
from semtok.config.tokenizers import Tokenizer

EntryName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*(\+[A-Za-z0-9_.-]+)*$")]
"""A name that may stand in a path; `+` joins words of it, as in `cost+reconstruction`."""


class Evaluation(Section):
    """How scores and their uncertainty are computed."""

    bootstrap_samples: Annotated[int, Field(ge=100)]
    """Resamples of the users behind every interval and paired test."""
    confidence: Annotated[float, Field(gt=0.5, lt=1)]
    """Coverage of the intervals."""
    seed: int


class Config(Section):
    """Everything that a run may be told; config/config.yaml explains each option where it stands."""

    source: Source
    mirror: str | None
    seeds: Annotated[list[NonNegativeInt], Field(min_length=1)]
    evaluation: Evaluation
    datasets: dict[EntryName, Dataset]
    encoders: dict[EntryName, Encoder]
    tokenizers: dict[EntryName, Tokenizer]
    recommenders: dict[EntryName, Recommender]
    papers: dict[EntryName, PaperConfig]

    @field_validator("seeds")
    @classmethod
    def _once(cls, seeds: list[int]) -> list[int]:
        twice = sorted({seed for seed in seeds if seeds.count(seed) > 1})
        if twice:
            raise ValueError(f"every seed once; listed twice: {', '.join(map(str, twice))}")
        return seeds
