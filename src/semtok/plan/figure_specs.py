"""What a figure of a paper may be: one class a kind. The numbers and pictures are made by `semtok.papers.FIGURES`."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt, field_validator

from semtok.config.base import Name, Section
from semtok.plan.metrics import METRICS, RankMetric

METRIC_NAMES = {name: metric.label for name, metric in METRICS.items()}


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
    """One panel of a figure of bars; with groups, one plot for each metric and k."""

    title: str
    dataset: str
    metrics: Annotated[list[RankMetric], Field(min_length=1)]
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
    """A figure of bars; the kind where none is given."""

    kind: Literal["bars"] = "bars"
    caption: str
    panels: dict[Name, Panel]

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Dataset and tokenizer of every bar."""
        return [(panel.dataset, bar.tokenizer) for panel in self.panels.values() for bar in panel.bars]


class Curves(Section):
    """Columns of a tokenizer's history over its steps."""

    title: str
    columns: Annotated[list[str], Field(min_length=1)]
    """Names, or patterns such as `loss_*`; what the history lacks is left out, and said."""


class TokenizerFigure(Section):
    """What the figures about a tokenizer itself have; no recommender is needed for them."""

    caption: str
    dataset: str
    tokenizer: str
    note: str = ""

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Dataset and tokenizer."""
        return [(self.dataset, self.tokenizer)]


class TrainingFigure(TokenizerFigure):
    """What a tokenizer logged while it was trained."""

    kind: Literal["training"]
    step: str
    """The column of the history that holds the optimiser's step."""
    panels: dict[Name, Curves]


class EmbeddingFigure(TokenizerFigure):
    """t-SNE of quantized vectors, level by level: all of them, those of one level-1 code, those of one level-2 code."""

    kind: Literal["embedding"]
    points: PositiveInt
    """Distinct tuples that are drawn at most; more are sampled."""
    seed: int
    """Of the sample and of t-SNE."""


AnyFigure = Annotated[Figure | TrainingFigure | EmbeddingFigure, Field(discriminator="kind")]
