"""A paper as data: what its tables, figures and claims consist of (config/papers/PAPER.yaml)."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import Field, ValidationError, model_validator

from semtok.config.base import Name, Section, exceeds_limits
from semtok.config.messages import explain
from semtok.errors import ConfigError
from semtok.plan.claim_base import Claim
from semtok.plan.claim_specs import AnyClaim
from semtok.plan.figure_specs import AnyFigure, Figure
from semtok.plan.table_specs import RankingTable, Table

CLAIMS = "claims"
"""Stands where a table's or figure's id does, for all claims of a paper."""
Kind = TypeVar("Kind", bound=Section)
"""Of a table or figure."""


class DatasetNote(Section):
    """What a reader must know about a dataset that the paper's tables and figures name."""

    files: list[str] = Field(default_factory=list)
    """The official raw files that it is made of, by their names up to the first dot. An entry of the config with other
    files is own data (`semtok.plan.own_data`)."""
    reader: str = ""
    """The format of those files. An entry with another `reader` is own data, too, whatever its files are called."""
    note: str = ""
    """Stands below every table and figure that shows it."""
    unavailable: str = ""
    """Why nobody else can have it; the reason in its empty cells."""
    runs_on: str = ""
    """For a stand-in: the dataset whose runs these are."""
    stands_for: str = ""
    """For a stand-in: the dataset whose printed numbers stand beside."""
    is_own: bool = False
    """Whether it is no paper's dataset but a place for own data."""
    is_world: bool = False
    """Whether it is a world whose answer is known (`synthetic.drives`): made-up data stand for no other there, and the
    claims about them get verdicts."""
    replaces: str = ""
    """For own data: the paper's dataset in whose place they stand. Set by planning."""

    @model_validator(mode="after")
    def _both_or_none(self) -> "DatasetNote":
        if bool(self.runs_on) != bool(self.stands_for):
            raise ValueError("runs_on and stands_for together, or neither")
        if bool(self.files) != bool(self.reader):
            raise ValueError("files and their reader together, or neither")
        return self


class Paper(Section):
    """A paper, or as much of it as one of its tables or figures shows."""

    title: str
    reference: str
    tables: dict[Name, Table]
    figures: dict[Name, AnyFigure]
    claims: list[AnyClaim]
    datasets: dict[str, DatasetNote] = Field(default_factory=dict)
    """What there is to know about its datasets, and stand-ins."""

    @property
    def single_claims(self) -> list[Claim]:
        """Every claim that has a test of its own: a joint claim's parts in its place."""
        return [part for claim in self.claims for part in claim.parts]

    def kind(self, name: str) -> str:
        """The kind of a table or figure; `claims` for the claims."""
        if name == CLAIMS:
            return CLAIMS
        return self.tables[name].kind if name in self.tables else self.figure(name).kind

    def shown_in(self, name: str) -> list[str]:
        """The datasets of a table, a figure or the claims, by printed name."""
        if name == CLAIMS:
            found = [dataset for claim in self.single_claims for dataset in claim.datasets]
        elif name in self.tables:
            found = self.tables[name].datasets
        else:
            found = [dataset for dataset, _ in self.figure(name).pairs]
        return list(dict.fromkeys(found))

    def about(self, dataset: str) -> DatasetNote:
        """What there is to say about a dataset."""
        return self.datasets.get(dataset, DatasetNote())

    def runs_on(self, dataset: str) -> str:
        """The printed name of the dataset whose runs are shown: another one for a stand-in."""
        return self.about(dataset).runs_on or dataset

    def printed_for(self, dataset: str) -> str:
        """The printed name of the dataset whose printed numbers stand beside: another one for a stand-in."""
        return self.about(dataset).stands_for or dataset

    def cutoffs(self, exhibits: Iterable[str], optional: bool = False) -> list[int]:
        """Every k that these tables and figures need the beam to reach; with `optional`, also the others."""
        wanted: set[int] = set()
        for name in exhibits:
            if isinstance(table := self.tables.get(name), RankingTable):
                wanted.update(set(table.ks) - (set() if optional else set(table.optional_ks)))
            if isinstance(figure := self.figures.get(name), Figure):
                wanted.update(k for panel in figure.panels.values() for k in panel.ks)
        return sorted(wanted)

    def exhibit(self, name: str, kind: type[Kind]) -> Kind:
        """The table or figure `name`; a `ConfigError` if there is none, or if it is of another kind."""
        found = self.tables.get(name) or self.figure(name)
        if not isinstance(found, kind):
            raise ConfigError(f"{name!r} of {self.title!r} is a {type(found).__name__}; expected a {kind.__name__}")
        return found

    def figure(self, name: str) -> AnyFigure:
        """The figure `name`; a `ConfigError` if there is none."""
        if name not in self.figures:
            raise ConfigError(f"{name!r} is not a figure of {self.title!r}; known: {', '.join(self.figures)}")
        return self.figures[name]


Option = str | int | float | bool | list[int]
"""What a paper may print of an option."""


class Conditions(Section):
    """What a paper prints of how its numbers were made: a printed size is compared under no other."""

    encoders: dict[str, str] = Field(default_factory=dict)
    """By modality, the entry of the config's `encoders` that is the paper's."""
    language_models: dict[Literal["opt", "bert"], str] = Field(default_factory=dict)
    """By architecture, the entry of the config's `language_models` that is the paper's."""
    tokenizers: dict[str, dict[str, Option]] = Field(default_factory=dict)
    """By entry of the config's `tokenizers`, its options. A row that sets one by its name (`cost+n_levels=4`) is there
    to compare it."""
    recommender: dict[str, Option] = Field(default_factory=dict)
    """Options of its recommender, a dot descending: {model.n_layers: 4}."""


class Definition(Paper):
    """A paper: everything that is built for it."""

    conditions: Conditions = Conditions()
    """How its numbers were made."""

    planned: list[str] = Field(default_factory=list)
    """Tokenizers and recommenders that rows and bars name though no config has them yet; any other name that a config
    lacks is a mistake."""

    @model_validator(mode="after")
    def _claims_have_exhibits(self) -> "Definition":
        exhibits = [*self.tables, *self.figures]
        known = ", ".join(exhibits)
        identifiers = [claim.id for claim in self.claims]
        for name in identifiers:
            if identifiers.count(name) > 1:
                raise ValueError(f"claim {name}: expected every id once")
        for claim in self.single_claims:
            if claim.exhibit not in exhibits:
                raise ValueError(f"claim {claim.id}: found exhibit {claim.exhibit!r}; expected one of {known}")
        return self


def load(path: str | Path) -> Definition:
    """Read a paper's definition.

    Raises:
        ConfigError: names the file and, for each mistake, its path, the value found and what was expected.
    """
    try:
        content: Any = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        if excess := exceeds_limits(content):
            raise ConfigError(f"{path}: found {excess}")
        content = _with_kinds(content)
        return Definition.model_validate(content)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not YAML: {error}") from None
    except ValidationError as error:
        lines = explain(Definition, content, error.errors())
        raise ConfigError("\n".join(f"{path}: {line}" for line in lines)) from None
    except (ValueError, RecursionError) as error:  # of YAML's parts: undecodable bytes, dates, endless nesting
        raise ConfigError(f"{path}: not YAML that can be used: {error}") from None


def _with_kinds(content: Any) -> Any:
    """The content with the kind of every figure: bars where none is given."""
    figures = content.get("figures") if isinstance(content, dict) else None
    if not isinstance(figures, dict):
        return content
    kinds = {name: {"kind": "bars", **part} if isinstance(part, dict) else part for name, part in figures.items()}
    return {**content, "figures": kinds}
