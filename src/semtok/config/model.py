"""The whole config."""

from typing import Annotated

from pydantic import AfterValidator, Field, field_validator

from semtok.config.base import MAX_NAME, PathText, Section, Seed
from semtok.config.data import Dataset, Source
from semtok.config.encoders import Encoder
from semtok.config.papers import PaperConfig
from semtok.config.recommenders import Recommender
from semtok.config.tokenizers import IDS, Tokenizer

PAPER_NAME = r"^[a-z0-9]+$"

EntryName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*(\+[A-Za-z0-9_.-]+)*$", max_length=MAX_NAME)]
"""A name that may stand in a path; `+` joins words of it, as in `cost+reconstruction`."""


def _no_reserved_name(name: str) -> str:
    if name == IDS:
        raise ValueError("another name: recommenders over plain item ids read it")
    return name


TokenizerName = Annotated[EntryName, AfterValidator(_no_reserved_name)]

PaperName = Annotated[str, Field(pattern=PAPER_NAME, max_length=MAX_NAME)]
"""The name of a paper, of its definition in config/papers and of its folder of results."""


ResultsFolder = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$")]
"""A folder below the working directory: what jobs tell of themselves holds no other paths."""


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
    results: ResultsFolder
    seeds: Annotated[list[Seed], Field(min_length=1)]
    evaluation: Evaluation
    datasets: dict[EntryName, Dataset]
    encoders: dict[EntryName, Encoder]
    tokenizers: dict[TokenizerName, Tokenizer]
    recommenders: dict[EntryName, Recommender]
    papers: dict[PaperName, PaperConfig]

    @field_validator("seeds")
    @classmethod
    def _once(cls, seeds: list[int]) -> list[int]:
        twice = sorted({seed for seed in seeds if seeds.count(seed) > 1})
        if twice:
            raise ValueError(f"every seed once; listed twice: {', '.join(map(str, twice))}")
        return seeds
