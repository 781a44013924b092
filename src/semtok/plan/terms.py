"""On what terms a row is made, and where they are not the paper's. Imported by the Snakefile: kept light."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from semtok.config.model import Config
from semtok.config.papers import PaperConfig
from semtok.config.tokenizers import IDS, encoders_of
from semtok.config.variants import parse, resolve
from semtok.plan.cells import Cell, Entries, Terms
from semtok.plan.definition import Conditions

_BUDGET = {"epochs", "batch_size", "steps"}
_INPUTS = {"encoder", "collaborative", "views"}
"""Options of a tokenizer that change how long it trains, and what it reads."""


def with_terms(
    cells: Iterable[Cell], conditions: Conditions, paper: PaperConfig, config: Config, entries: Mapping[str, Entries]
) -> list[Cell]:
    """The same cells of claims; those with runs say on what terms they are made.

    What a row's own name sets (`simcit+batch_size=1024`) is what it is there to compare, and so no term of that row.

    Args:
        cells: of claims.
        conditions: those that the paper prints.
        paper: its section of the config.
        config: the config.
        entries: the config's sections, as plain values.
    """
    modalities = {name: encoder.modality for name, encoder in config.encoders.items()}

    def terms(cell: Cell) -> Terms:
        run, (row, _, own) = cell.runs[0], cell.tokenizer.partition("/")
        set_here = {key.partition(".")[0] for key in parse(row)[1]}
        recommender = resolve(entries["recommenders"], run.recommender, "recommenders")
        tokenizer = {} if run.tokenizer == IDS else resolve(entries["tokenizers"], run.tokenizer, "tokenizers")
        vectors: dict[str, str] = {}
        for name in sorted(set(encoders_of(tokenizer).values())):
            modality = modalities[name]
            vectors[modality] = f"{vectors[modality]} and {name}" if modality in vectors else name
        return Terms(
            history=None if own and "max_items" in parse(own)[1] else recommender.get("max_items"),
            vectors={} if set_here & _INPUTS else vectors,
            equal_steps=paper.tokenizer_budgets == "equal" and not set_here & _BUDGET,
            departures=tuple(_departures(conditions, run.recommender, recommender, vectors)),
        )

    def is_made(cell: Cell) -> bool:
        return bool(cell.runs) and cell.evidence != "candidates" and not cell.runs[0].is_untrained

    return [replace(cell, terms=terms(cell)) if is_made(cell) else cell for cell in cells]


def _departures(
    conditions: Conditions, name: str, recommender: Mapping[str, Any], vectors: Mapping[str, str]
) -> Iterator[str]:
    for modality, printed in conditions.encoders.items():
        if vectors.get(modality, printed) != printed:
            yield f"{modality} is encoded by {vectors[modality]}, the paper's by {printed}"
    found = {key: _get(recommender, key) for key in conditions.recommender}
    other = {key: value for key, value in found.items() if value != conditions.recommender[key]}
    if other:
        ours = ", ".join(f"{key} {value}" for key, value in other.items())
        yield f"{name} has {ours}, the paper's {', '.join(str(conditions.recommender[key]) for key in other)}"


def _get(options: Mapping[str, Any], key: str) -> Any:
    value: Any = options
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value
