"""How long a tokenizer is trained."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Discriminator, PositiveInt, Tag

from semtok.config.base import Section


class Epochs(Section):
    """As many steps as so many epochs have on the dataset at hand, for a paper that prints epochs."""

    epochs: PositiveInt
    """Passes over all items that have a vector or view."""


Steps = Annotated[
    Annotated[PositiveInt, Tag("[number]")] | Annotated[Epochs, Tag("[epochs]")],
    Discriminator(lambda given: "[epochs]" if isinstance(given, Mapping | Epochs) else "[number]"),
]
"""Steps are the same work for every method and catalogue; epochs are not."""


def budget(options: Mapping[str, Any]) -> str:
    """In words, what a tokenizer's options (plain values) spend on its training; empty for one that does not train."""
    steps = options.get("steps")
    if steps is None:
        return ""
    size = "half the items" if options["batch_size"] is None else f"{options['batch_size']:,} items"
    if isinstance(steps, int):
        return f"{steps:,} steps of {size}"
    return f"{steps['epochs']:,} epochs in steps of {size}"
