"""The whole config."""

from typing import Annotated, Any, get_args

from pydantic import AfterValidator, Field, field_validator

from semtok.config.base import MAX_NAME, PathText, Section, Seed
from semtok.config.data import Dataset, Source
from semtok.config.encoders import EncoderEntry
from semtok.config.language_models import LanguageModelEntry
from semtok.config.papers import PaperConfig
from semtok.config.recommenders import RecommenderEntry
from semtok.config.scorers import TEXTS, ScorerEntry
from semtok.config.tokenizers import IDS, TokenizerEntry
from semtok.config.untrained import UntrainedName, UntrainedOptions

PAPER_NAME = r"^[a-z0-9]+$"

EntryName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*(\+[A-Za-z0-9_.-]+)*$", max_length=MAX_NAME)]
"""A name that may stand in a path; `+` joins words of it, as in `cost+reconstruction`."""


def _no_reserved_name(name: str) -> str:
    if name == IDS:
        raise ValueError("another name: recommenders over plain item ids read it")
    if name == TEXTS:
        raise ValueError("another name: scorers of texts read it")
    return name


TokenizerName = Annotated[EntryName, AfterValidator(_no_reserved_name)]


def _no_untrained_name(name: str) -> str:
    if name in get_args(UntrainedName):
        raise ValueError("another name: it is that of a ranking that needs no training")
    return name


RecommenderName = Annotated[EntryName, AfterValidator(_no_untrained_name)]

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
    """Of the resampling."""


class Config(Section):
    """Everything that a run may be told; docs/options.md lists each option with its meaning."""

    source: Source
    """Where raw data come from: downloaded, with the checksums of config/checksums.yaml recorded once and enforced from
    then on; a folder of the same files; or a small made-up world in the same formats."""
    mirror: PathText | None
    """The mirror folder, needed where a source is `mirror`; each dataset's `files` say what lies where below it."""
    results: ResultsFolder
    """The folder of the results. Each config has its own, so that no table of made-up data can be taken for one of real
    data, and nothing is trained anew when one goes back and forth between configs."""
    archive: PathText | None
    """A file that `semtok archive` wrote, or a folder of such: the rule `fetch` takes of it what this config and code
    would make. null: none."""
    durations: PathText | None
    """A CSV of what each kind of job takes (`python -m semtok.plan.forecast` writes one), by which a run says
    beforehand how long it will be; what ran in the results folder itself counts before it. null: only that."""
    seeds: Annotated[list[Seed], Field(min_length=1)]
    """Every tokenizer and recommender is trained once per seed; with several, the main tables give means and intervals
    over them (of one seed, an interval speaks of that one trained model only)."""
    evaluation: Evaluation
    """Uncertainty of every score."""
    datasets: dict[EntryName, Dataset]
    """The sections of `papers` say which of them are used."""
    encoders: dict[EntryName, EncoderEntry]
    """Only those that a tokenizer names are run."""
    language_models: dict[EntryName, LanguageModelEntry] = Field(default_factory=dict)
    """Decoders that encoders are built on (STORE's dense tokenizer). Only those that an encoder in use names are
    trained or loaded."""
    tokenizers: dict[TokenizerName, TokenizerEntry]
    """Wherever a name may stand, so may a variant of it: `cost+temperature=0.5`."""
    recommenders: dict[RecommenderName, RecommenderEntry]
    """One over plain item ids (SASRec) has the tokenizer `ids`, and a table's row names it as `ids/sasrec`."""
    scorers: dict[EntryName, ScorerEntry] = Field(default_factory=dict)
    """How likely a user is to click what was shown, for datasets whose impressions are candidates; a table's row names
    one that reads texts as `texts/opt-zero-shot`."""
    untrained: UntrainedOptions
    """What needs no training: rows below every table of rankings."""
    papers: dict[PaperName, PaperConfig]
    """Rows, columns, sweeps, claims and printed numbers of a paper lie in config/papers/. One that is null is left out,
    whatever the config below says of it."""

    @field_validator("papers", mode="before")
    @classmethod
    def _built(cls, papers: Any) -> Any:
        if not isinstance(papers, dict):
            return papers
        return {name: paper for name, paper in papers.items() if paper is not None}

    @field_validator("seeds")
    @classmethod
    def _once(cls, seeds: list[int]) -> list[int]:
        twice = sorted({seed for seed in seeds if seeds.count(seed) > 1})
        if twice:
            raise ValueError(f"every seed once; listed twice: {', '.join(map(str, twice))}")
        return seeds
