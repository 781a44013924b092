"""What a table of a paper may be: one class a kind. The numbers are made by modules of `semtok.papers`."""

from typing import Annotated, Literal, get_args

from pydantic import Field, PositiveInt, model_validator

from semtok.config.base import Section
from semtok.config.untrained import UntrainedName
from semtok.plan.metrics import METRICS, RankMetric
from semtok.plan.untrained import UNTRAINED, kind_of


class Row(Section):
    """One method of a table."""

    label: str
    """Plain name: in the tidy CSV, in Markdown, and in the file of printed numbers."""
    latex: str = ""
    """Its name in LaTeX, where that is not `label`."""
    tokenizer: str
    """Entry of the config's `tokenizers`, or a variant of one; `/RECOMMENDER` behind it replaces the paper's, and
    `/+key=value` an option of it."""
    by_dataset: dict[str, str] = Field(default_factory=dict)
    """What takes its place on a dataset that needs another entry, as where there are fewer views. The row's name in
    gains and claims stays `tokenizer`."""
    datasets: list[str] | None = None
    """Where the row stands; None for everywhere."""
    note: str = ""
    """What a reader must know of the row's numbers."""

    def method(self, dataset: str) -> str:
        """What is run on `dataset`."""
        return self.by_dataset.get(dataset, self.tokenizer)

    def stands_on(self, dataset: str) -> bool:
        """Whether the table has this row for `dataset`."""
        return self.datasets is None or dataset in self.datasets


class Gain(Section):
    """A row of relative improvements, in percent: the best of `of` over the best of `over`."""

    label: str
    of: Annotated[list[str], Field(min_length=1)]
    """Tokenizers among the table's rows."""
    over: Annotated[list[str], Field(min_length=1)]


DatasetStatistic = Literal[
    "users",
    "items",
    "interactions",
    "length_min",
    "length_max",
    "length_mean",
    "length_median",
    "sparsity",
    "train_users",
    "test_users",
    "appearance_mean",
]
STATISTICS: tuple[DatasetStatistic, ...] = get_args(DatasetStatistic)


class StatisticsTable(Section):
    """Users, items and sequence lengths of the datasets."""

    kind: Literal["statistics"]
    caption: str
    datasets: Annotated[list[str], Field(min_length=1)]
    tolerance: Annotated[float, Field(gt=0, lt=1)]
    """Relative difference from the printed statistic up to which two data sets count as the same."""
    statistics: list[DatasetStatistic] = Field(default_factory=lambda: list(STATISTICS[: STATISTICS.index("sparsity")]))
    """What is shown, in this order."""


class RankingTable(Section):
    """Metrics of methods on datasets."""

    kind: Literal["ranking"]
    caption: str
    datasets: Annotated[list[str], Field(min_length=1)]
    metrics: Annotated[list[RankMetric], Field(min_length=1)]
    ks: Annotated[list[PositiveInt], Field(min_length=1)]
    optional_ks: list[PositiveInt] = Field(default_factory=list)
    """Those of `ks` that no beam needs to reach: a narrower one leaves them empty, and says so."""
    rows: Annotated[list[Row], Field(min_length=1)]
    untrained: list[UntrainedName] = Field(default_factory=lambda: list(get_args(UntrainedName)))
    """Untrained baselines, below a rule; an empty list for none."""
    gains: list[Gain] = Field(default_factory=list)
    blocks: list[list[str]] | None = None
    """Datasets that are shown side by side, block below block; None for all in one."""

    def rows_on(self, dataset: str) -> list[Row]:
        """The rows that `dataset` has."""
        return [row for row in self.rows if row.stands_on(dataset)]

    @property
    def untrained_rows(self) -> list[Row]:
        """The rows below the others, which every dataset has."""
        return [Row(label=row.label, tokenizer=row.method) for row in UNTRAINED.values() if row.name in self.untrained]

    @property
    def labels(self) -> dict[str, str]:
        """Of every row, by its name."""
        return {row.tokenizer: row.label for row in [*self.rows, *self.untrained_rows]}

    @model_validator(mode="after")
    def _datasets_are_columns(self) -> "RankingTable":
        if self.blocks is not None and sorted(name for block in self.blocks for name in block) != sorted(self.datasets):
            raise ValueError("blocks must hold every one of datasets once")
        named = {name for row in self.rows for name in [*row.by_dataset, *(row.datasets or [])]}
        unknown = sorted(named - set(self.datasets))
        if unknown:
            raise ValueError(f"rows name the dataset {unknown[0]!r}; expected one of {', '.join(self.datasets)}")
        if set(self.optional_ks) - set(self.ks):
            raise ValueError("optional_ks must be among ks")
        for metric in self.metrics:
            if METRICS[metric].needed_k not in {None, *self.ks} - set(self.optional_ks):
                raise ValueError(
                    f"the metric {metric} is made from {METRICS[metric].needs}, so that k must be among ks"
                )
        return self

    @model_validator(mode="after")
    def _rows_have_one_name(self) -> "RankingTable":
        names = [row.tokenizer for row in self.rows]
        twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
        if twice:
            raise ValueError(f"every tokenizer in one row; found twice: {', '.join(twice)}")
        below = [name for name in names if kind_of(name) != "trained"]
        if below:
            raise ValueError(f"{below[0]} under `untrained` and not among the rows, which are compared")
        return self

    @model_validator(mode="after")
    def _gains_are_rows(self) -> "RankingTable":
        known = [row.tokenizer for row in self.rows]
        for gain in self.gains:
            unknown = [name for name in [*gain.of, *gain.over] if name not in known]
            if unknown:
                raise ValueError(f"gain {gain.label!r} names {unknown[0]!r}; expected one of {', '.join(known)}")
        return self


class Tasks(Section):
    """What a language model is asked about the attributes of an item."""

    content: Annotated[list[str], Field(min_length=1)]
    """Those that it reads, and has to reconstruct."""
    generated: list[str] = Field(default_factory=list)
    """Those that it has to generate without having read them."""


class AttributesTable(Section):
    """The tasks by which a dense tokenizer learns, and how much of the held-out answers its tokens tell."""

    kind: Literal["attributes"]
    caption: str
    by_dataset: dict[str, Tasks]
    """What the paper prints."""
    tokenizer: str
    """The tokenizer whose dense tokens are asked."""

    @property
    def datasets(self) -> list[str]:
        """Printed names."""
        return list(self.by_dataset)


class ScoringRow(Section):
    """What scores candidates."""

    label: str
    """Plain name: in the tidy CSV, in Markdown, and in the file of printed numbers."""
    latex: str = ""
    """Its name in LaTeX, where that is not `label`."""
    group: str = ""
    """Under what the paper has it."""
    scorer: str
    """What it reads and the entry of the config's `scorers`: `texts/opt-zero-shot`, `store/opt-codes`."""
    unavailable: str = ""
    """Why nobody can run it here; the reason in its empty cells."""
    note: str = ""
    """What a reader must know of the row's numbers."""


class ScoringTable(Section):
    """How well scorers tell the clicked candidates of a user's list from the others."""

    kind: Literal["scoring"]
    caption: str
    datasets: Annotated[list[str], Field(min_length=1)]
    rows: Annotated[list[ScoringRow], Field(min_length=1)]

    @model_validator(mode="after")
    def _once(self) -> "ScoringTable":
        names = [row.scorer for row in self.rows]
        if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
            raise ValueError(f"every scorer in one row; found twice: {', '.join(twice)}")
        return self


Table = Annotated[StatisticsTable | RankingTable | AttributesTable | ScoringTable, Field(discriminator="kind")]
