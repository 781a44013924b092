"""The whole config."""

from typing import Annotated

from pydantic import Field, field_validator

from semtok.config.base import MAX_NAME, PathText, Section, Seed
from semtok.config.data import Dataset, Source
from semtok.config.encoders import Encoder
from semtok.config.papers import PaperConfig
from semtok.config.recommenders import Recommender
from semtok.config.tokenizers import Tokenizer

PAPER_NAME = r"^[a-z0-9]+$"

EntryName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*(\+[A-Za-z0-9_.-]+)*$", max_length=MAX_NAME)]
"""A name that may stand in a path; `+` joins words of it, as in `cost+reconstruction`."""

PaperName = Annotated[str, Field(pattern=PAPER_NAME, max_length=MAX_NAME)]
"""The name of a paper, of its definition in config/papers and of its folder of results."""


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
    mirror: PathText | None
    seeds: Annotated[list[Seed], Field(min_length=1)]
    evaluation: Evaluation
    datasets: dict[EntryName, Dataset]
    encoders: dict[EntryName, Encoder]
    tokenizers: dict[EntryName, Tokenizer]
    recommenders: dict[EntryName, Recommender]
    papers: dict[PaperName, PaperConfig]

    @field_validator("seeds")
    @classmethod
    def _once(cls, seeds: list[int]) -> list[int]:
        twice = sorted({seed for seed in seeds if seeds.count(seed) > 1})
        if twice:
            raise ValueError(f"every seed once; listed twice: {', '.join(map(str, twice))}")
        return seeds
