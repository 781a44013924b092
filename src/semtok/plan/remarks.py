"""What must be said of cells wherever their numbers show."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

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


def with_language_models(cells: Iterable[Cell], entries: Mapping[str, Entries]) -> list[Cell]:
    """The same cells; they say what stands behind the name of the language model that they use.

    A scorer asks a model about what it has read, so one that has read the catalogue alone says nothing of a published
    one: a remark. A tokenizer or recommender trains what it uses of a model.

    entries: the sections of the config, as plain values.
    """
    found = []
    for cell in cells:
        used: dict[str, None] = {}
        for run in cell.runs:
            if run.tokenizer not in (IDS, TEXTS):
                options = resolve(entries["tokenizers"], run.tokenizer, "tokenizers")
                read = [entries["encoders"].get(name, {}) for name in encoders_of(options).values()]
                used |= dict.fromkeys(entry["language_model"] for entry in read if entry.get("language_model"))
            if run.recommender and not run.is_untrained:
                section = "scorers" if cell.evidence == "candidates" else "recommenders"
                options = resolve(entries[section], run.recommender, section)
                used |= dict.fromkeys([options["language_model"]] if options.get("language_model") else [])
        models = {name: entries["language_models"][name] for name in used}
        said = tuple(_in_words(name, model) for name, model in models.items())
        if cell.evidence == "candidates" and any(model["source"] == "corpus" for model in models.values()):
            remark = f"{cell.tokenizer} asks a model that has read nothing but the catalogue"
            cell = replace(cell, remark=f"{cell.remark}. {remark}" if cell.remark else remark)
        found.append(replace(cell, language_models=said))
    return found


def _in_words(name: str, model: Mapping[str, Any]) -> str:
    what = {"opt": "OPT", "bert": "BERT"}[model["architecture"]]
    if model["source"] == "hub":
        return f"The language model {name} is {model['model']}, which is published"
    if model["source"] == "folder":
        return f"The language model {name} is a {what} of one's own"
    size = f"{model['n_layers']} layers of width {model['hidden_dim']}"
    return f"The language model {name} is a small {what} ({size}) that was trained on the catalogue's own texts"


def remarks(cells: Iterable[Cell]) -> list[str]:
    """What must be said of `cells` since it makes their numbers another matter than a paper's, each remark once."""
    return [f"{remark}." for remark in dict.fromkeys(cell.remark for cell in cells if cell.remark)]


def language_models(cells: Iterable[Cell]) -> list[str]:
    """What the language models of `cells` are, each sentence once."""
    return [f"{said}." for said in dict.fromkeys(said for cell in cells for said in cell.language_models)]
