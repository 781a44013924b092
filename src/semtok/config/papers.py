"""The config of the papers stage: which tables and figures of a paper are built, and from which entries."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from semtok.config.base import Name, Section, Seed, entry_of

RecommenderVariant = Annotated[str, entry_of("recommenders", variants=True)]


class PaperConfig(Section):
    """One paper. Rows, columns and sweeps are not here but in the paper's definition, config/papers/PAPER.yaml."""

    recommender: Annotated[str, entry_of("recommenders")]
    """What every row of the paper uses, but those that name their own (`ids/sasrec`)."""
    recommenders_by_dataset: dict[str, dict[RecommenderVariant, RecommenderVariant]] = Field(default_factory=dict)
    """For a dataset, by its printed name, what takes another's place there: {BEA: {sasrec: sasrec+max_items=50}}."""
    datasets: dict[str, Annotated[Name, entry_of("datasets")] | None]
    """Printed name of a dataset: entry of `datasets`. One left out, or null, stays an empty cell that says so."""
    lacking: dict[str, list[str]] = Field(default_factory=dict)
    """Modalities that a dataset, by its printed name, has nothing of: tokenizers with such a view are left out
    there. {NYC: [image]}"""
    tables: list[Name]
    """Those of the paper's definition that are built."""
    figures: list[Name]
    """Those of the paper's definition that are built."""
    sweep_seeds: Annotated[list[Seed], Field(min_length=1)]
    """Seeds of the figures' runs; with a single one, no claim about a figure can be decided."""
    seeds_of: dict[str, Annotated[list[Seed], Field(min_length=1)]] = Field(default_factory=dict)
    """Of single tables and figures other seeds than these: fewer where no claim hangs on it, more where one hangs by a
    hair. {table2: [0, 1, 2, 3, 4]}"""

    tokenizer_budgets: Literal["equal", "published"] = "equal"
    """Whether the rows of a claim must have as many optimisation steps of their tokenizers (else they are not
    comparable), or each has those of its own paper."""

    @property
    def stand_ins(self) -> dict[str, str]:
        """The datasets that this config has: printed name to entry of `datasets`."""
        return {printed: entry for printed, entry in self.datasets.items() if entry is not None}

    @field_validator("tables", "figures", "sweep_seeds")
    @classmethod
    def _once(cls, entries: list[object]) -> list[object]:
        twice = [entry for entry in dict.fromkeys(entries) if entries.count(entry) > 1]
        if twice:
            raise ValueError(f"every entry once; listed twice: {', '.join(map(str, twice))}")
        return entries
