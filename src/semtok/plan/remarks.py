"""What must be said of cells wherever their numbers show."""

from collections.abc import Iterable
from dataclasses import replace
from types import MappingProxyType

from semtok.config.budget import budget, recommender_in_words
from semtok.config.choice import grid_of
from semtok.config.scorers import TEXTS
from semtok.config.tokenizers import IDS, encoders_of
from semtok.config.variants import resolve
from semtok.plan.cells import Cell, Entries

DENSE_TOKENIZER = "dense-tokenizer"
"""The method of encoders whose facts tell how much of an item's attributes their vectors hold."""


def with_remarks(
    cells: Iterable[Cell], tokenizers: Entries, encoders: Entries, recommenders: Entries = MappingProxyType({})
) -> list[Cell]:
    """The same cells; they say how they were trained, and which read vectors of an untrained network.

    tokenizers, encoders, recommenders: sections of the config, as plain values.
    """
    untrained = {name for name, entry in encoders.items() if entry.get("pretrained") is False}
    found = []
    for cell in cells:
        names = {run.tokenizer for run in cell.runs} - {IDS, TEXTS}
        options = [resolve(tokenizers, name, "tokenizers") for name in sorted(names)]
        views = {view for entry in options for view in encoders_of(entry).values()}
        used = ", ".join(sorted(views & untrained))
        dense = next((view for view in sorted(views) if encoders.get(view, {}).get("method") == DENSE_TOKENIZER), "")
        remark = f"{cell.tokenizer} reads the vectors of an untrained network ({used})" if used else ""
        if cell.evidence == "candidates":
            found.append(replace(cell, remark=remark))
            continue
        # The runs of a cell differ by their seeds alone.
        spent = budget(options[0]) if options else ""
        name = next((run.recommender for run in cell.runs if not run.is_untrained), "")
        read, grid = "", {}
        if name and recommenders:
            chosen = resolve(recommenders, name, "recommenders")
            grid = grid_of(name, chosen)
            read = f"{name}: {recommender_in_words(chosen, grid)}"
        found.append(replace(cell, remark=remark, budget=spent, recommender=read, has_choice=bool(grid), dense=dense))
    return found


def remarks(cells: Iterable[Cell]) -> list[str]:
    """What must be said of `cells`, each remark once, as sentences."""
    return [f"{remark}." for remark in dict.fromkeys(cell.remark for cell in cells if cell.remark)]
