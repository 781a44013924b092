"""A paper as data: what its tables, figures and claims consist of (config/papers/PAPER.yaml)."""

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, PositiveInt, ValidationError, field_validator, model_validator

from semtok.config.base import Name, Section
from semtok.config.messages import explain
from semtok.errors import ConfigError
from semtok.papers.claim_types import AnyClaim, Metric


class Row(Section):
    """One method of a table."""

    label: str
    """Plain name: in the tidy CSV, in Markdown, and in the file of printed numbers."""
    latex: str
    tokenizer: str
    """Entry of the config's `tokenizers`, or a variant of one; `/RECOMMENDER` behind it replaces the paper's."""


class Gain(Section):
    """A row of relative improvements, in percent: the best of `of` over the best of `over`."""

    label: str
    of: Annotated[list[str], Field(min_length=1)]
    """Tokenizers among the table's rows."""
    over: Annotated[list[str], Field(min_length=1)]


class StatisticsTable(Section):
    """Users, items and sequence lengths of the datasets."""

    kind: Literal["statistics"]
    caption: str
    datasets: Annotated[list[str], Field(min_length=1)]
    tolerance: Annotated[float, Field(gt=0, lt=1)]
    """Relative difference from the printed statistic up to which two data sets count as the same."""


class RankingTable(Section):
    """Metrics of methods on datasets."""

    kind: Literal["ranking"]
    caption: str
    datasets: Annotated[list[str], Field(min_length=1)]
    metrics: Annotated[list[Metric], Field(min_length=1)]
    ks: Annotated[list[PositiveInt], Field(min_length=1)]
    rows: Annotated[list[Row], Field(min_length=1)]
    gains: list[Gain]

    @model_validator(mode="after")
    def _gains_are_rows(self) -> "RankingTable":
        known = [row.tokenizer for row in self.rows]
        for gain in self.gains:
            unknown = [name for name in [*gain.of, *gain.over] if name not in known]
            if unknown:
                raise ValueError(f"gain {gain.label!r} names {unknown[0]!r}; expected one of {', '.join(known)}")
        return self


Table = Annotated[StatisticsTable | RankingTable, Field(discriminator="kind")]


class Bar(Section):
    """One run of a panel. Panels with groups have them on the x axis, the others have metric@k there."""

    series: str
    group: str | None = None
    tokenizer: str

    @property
    def label(self) -> str:
        """Its name in the file of printed numbers."""
        return self.series if self.group is None else f"{self.group}, {self.series}"


class Panel(Section):
    """One panel of a figure; with groups, one plot for each metric and k."""

    title: str
    dataset: str
    metrics: Annotated[list[Metric], Field(min_length=1)]
    ks: Annotated[list[PositiveInt], Field(min_length=1)]
    bars: Annotated[list[Bar], Field(min_length=1)]
    note: str = ""

    @field_validator("bars")
    @classmethod
    def _all_or_none(cls, bars: list[Bar]) -> list[Bar]:
        if len({bar.group is None for bar in bars}) > 1:
            raise ValueError("a group for every bar or for none")
        return bars


class Figure(Section):
    """A figure of bars."""

    caption: str
    panels: dict[Name, Panel]


class Paper(Section):
    """A paper: everything that is built for it."""

    title: str
    reference: str
    tables: dict[Name, Table]
    figures: dict[Name, Figure]
    claims: list[AnyClaim]

    @model_validator(mode="after")
    def _claims_have_places(self) -> "Paper":
        places = [*self.tables, *self.figures]
        identifiers = [claim.id for claim in self.claims]
        for claim in self.claims:
            if claim.place not in places:
                raise ValueError(f"claim {claim.id}: found place {claim.place!r}; expected one of {', '.join(places)}")
            if identifiers.count(claim.id) > 1:
                raise ValueError(f"claim {claim.id}: expected every id once")
        return self

    def ranking_table(self, name: str) -> RankingTable:
        """The table `name`; a `ConfigError` if there is none, or if it is not a ranking table."""
        table = self.tables.get(name)
        if not isinstance(table, RankingTable):
            raise ConfigError(f"{name!r} is not a ranking table of {self.title!r}")
        return table

    def statistics_table(self, name: str) -> StatisticsTable:
        """The table `name`; a `ConfigError` if there is none, or if it is not a table of statistics."""
        table = self.tables.get(name)
        if not isinstance(table, StatisticsTable):
            raise ConfigError(f"{name!r} is not a table of statistics of {self.title!r}")
        return table

    def figure(self, name: str) -> Figure:
        """The figure `name`; a `ConfigError` if there is none."""
        if name not in self.figures:
            raise ConfigError(f"{name!r} is not a figure of {self.title!r}; known: {', '.join(self.figures)}")
        return self.figures[name]


def load(path: str | Path) -> Paper:
    """Read a paper's definition.

    Raises:
        ConfigError: names the file and, for each mistake, its path, the value found and what was expected.
    """
    try:
        content: Any = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        return Paper.model_validate(content)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not YAML: {error}") from None
    except ValidationError as error:
        lines = explain(Paper, content, error.errors())
        raise ConfigError("\n".join(f"{path}: {line}" for line in lines)) from None
