"""How long tokenizers and recommenders are trained, in the config and in the words of a table."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import Discriminator, PositiveInt, Tag

from semtok.config.base import Section
from semtok.config.choice import grid_in_words


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


def recommender_in_words(options: Mapping[str, Any], grid: Mapping[str, list[Any]] = MappingProxyType({})) -> str:
    """In words, what a recommender's options (plain values) let it read, how it is trained, and of which `grid` options
    were chosen."""
    training = options["training"]
    epochs = f"at most {training['epochs']:,} epochs of " + (
        "every train record"
        if training["samples_per_epoch"] is None
        else f"{training['samples_per_epoch']:,} samples drawn from the train records"
    )
    if {"mask_ratio", "last_item_ratio"} <= training.keys():
        epochs += " ({mask_ratio:.0%} of them masked, or in {last_item_ratio:.0%} of the windows one)".format(
            **training
        )
    # A method of one's own may have other options.
    words = [f"the last {options['max_items']:,} items of a history"] if "max_items" in options else []
    if options.get("language_model"):
        words.append("in the language model {language_model}".format(**options))
    if options.get("share_weights"):
        words.append("from the weights of {share_weights}".format(**options))
    if training.get("alignment"):
        words.append("aligned with texts first")
    words.append(epochs)
    if options.get("model", {}).get("encoder") == "causal":
        words.append("a causal encoder instead of T5's")
    if training.get("targets") == "every":
        words.append("every target of a window in one pass")
    if options["model"].get("now") == "target":
        words.append("the time of the target")
    if options.get("user_tokens"):
        words.append("users as one of {user_tokens:,} tokens".format(**options))
    if options.get("collisions") == "expand":
        words.append("items of equal codes in random order")
    if grid:
        words.append(f"{grid_in_words(grid)} by Recall@10 on validation")
    return ", ".join(words)
