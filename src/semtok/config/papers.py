"""The config of the papers stage: which of a paper's results to make, on which datasets."""

from typing import Annotated

from pydantic import Field, NonNegativeInt

from semtok.config.base import Name, Section


class PaperConfig(Section):
    """What to make of one paper; its rows, columns and claims lie in config/papers/."""

    recommender: str
    """Entry of `recommenders`, or a variant of one."""
    datasets: dict[str, Name]
    """Name in print: entry of `datasets`."""
    tables: list[str]
    figures: list[str]
    sweep_seeds: Annotated[list[NonNegativeInt], Field(min_length=1)]
    """Seeds of the figures' runs."""
