"""On what terms a row is made, and where they are not the paper's. Imported by the Snakefile: kept light."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from semtok.config.model import Config
from semtok.config.papers import PaperConfig
from semtok.config.scorers import TEXTS
from semtok.config.tokenizers import IDS, encoders_of
from semtok.config.variants import parse, resolve
from semtok.plan.cells import Cell, Entries, Evidence, Terms, parts
from semtok.plan.definition import Conditions, Option

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
    architectures = {name: model.architecture for name, model in config.language_models.items()}

    def terms(cell: Cell) -> Terms:
        run, (row, _, own) = cell.runs[0], cell.tokenizer.partition("/")
        named = parse(row)[1]
        set_here = {key.partition(".")[0] for key in named}
        section = "scorers" if cell.evidence == "candidates" else "recommenders"
        recommender = resolve(entries[section], run.recommender, section)
        reads_codes = run.tokenizer not in (IDS, TEXTS)
        tokenizer = resolve(entries["tokenizers"], run.tokenizer, "tokenizers") if reads_codes else {}
        encoders = sorted(set(encoders_of(tokenizer).values()))
        vectors: dict[str, str] = {}
        for name in encoders:
            modality = modalities[name]
            vectors[modality] = f"{vectors[modality]} and {name}" if modality in vectors else name

        writes_with = recommender.get("language_model", "") if cell.evidence == "ranks" else ""
        has_read_catalogue = writes_with and config.language_models[writes_with].source == "corpus"

        def departures(evidence: Evidence) -> Iterator[str]:
            yield from _other_encoders(conditions.encoders, vectors)
            printed = conditions.tokenizers.get(parse(run.tokenizer)[0], {}) if reads_codes else {}
            yield from _other_options(run.tokenizer, tokenizer, printed, named)
            asked = [entries["encoders"][name] for name in encoders]
            # Of codes and dense tokens alone no recommender is asked.
            if evidence in ("ranks", "candidates"):
                asked.append(recommender)
            if evidence == "ranks" and not _is_another(parts(cell.tokenizer)[1], recommender, conditions):
                yield from _other_options(run.recommender, recommender, conditions.recommender)
            for name in sorted({entry["language_model"] for entry in asked if entry.get("language_model")}):
                printed_model = conditions.language_models.get(architectures[name], name)
                if name != printed_model:
                    yield f"the language model is {name}, the paper's {printed_model}"

        return Terms(
            history=None if own and "max_items" in parse(own)[1] else recommender.get("max_items"),
            vectors={} if set_here & _INPUTS else vectors,
            catalogue_model=writes_with if has_read_catalogue else "",
            equal_steps=paper.tokenizer_budgets == "equal" and not set_here & _BUDGET,
            departures=tuple(departures(cell.evidence)),
            departures_of_codes=tuple(departures("codes")),
        )

    def is_made(cell: Cell) -> bool:
        return bool(cell.runs) and not cell.runs[0].is_untrained

    return [replace(cell, terms=terms(cell)) if is_made(cell) else cell for cell in cells]


def _other_encoders(printed: Mapping[str, str], vectors: Mapping[str, str]) -> Iterator[str]:
    for modality, encoder in printed.items():
        if vectors.get(modality, encoder) != encoder:
            yield f"{modality} is encoded by {vectors[modality]}, the paper's by {encoder}"


def _other_options(
    name: str, options: Mapping[str, Any], printed: Mapping[str, Option], named: Collection[str] = ()
) -> Iterator[str]:
    """Options of an entry that are not as printed, but for those that its row is `named` by."""
    found = {key: _get(options, key) for key in printed if key not in named}
    other = {key: value for key, value in found.items() if value != printed[key]}
    if other:
        ours = ", ".join(f"no {key}" if value is None else f"{key} {value}" for key, value in other.items())
        yield f"{name} has {ours}, the paper's {', '.join(str(printed[key]) for key in other)}"


def _is_another(own: str, recommender: Mapping[str, Any], conditions: Conditions) -> bool:
    """Whether a row's `own` recommender is of another kind than the one that the paper prints the options of: it lacks
    one of them."""
    return bool(own) and any(_get(recommender, key) is None for key in conditions.recommender)


def _get(options: Mapping[str, Any], key: str) -> Any:
    value: Any = options
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value
