"""Names of a definition that nothing answers to: rows and bars without an entry, printed numbers without a row."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from semtok.config.model import Config
from semtok.config.papers import PaperConfig
from semtok.config.scorers import TEXTS
from semtok.config.tokenizers import IDS
from semtok.config.variants import parse, suggestion
from semtok.errors import ConfigError, SemtokError
from semtok.plan.cells import Cell, Entries, claim_cells, parts, wanted
from semtok.plan.definition import Definition, Paper
from semtok.plan.figure_specs import Figure
from semtok.plan.printed import Printed, printed_beside
from semtok.plan.table_specs import RankingTable, ScoringTable
from semtok.plan.untrained import UNTRAINED


def unanswered(paper: Definition, config: Config, entries: Mapping[str, Any], path: Path) -> list[str]:
    """One line for each mistake: what was found where, and the names most like it.

    Args:
        paper: the definition.
        config: the config.
        entries: its sections, as plain values.
        path: of the definition; the printed numbers lie beside it.
    """
    sections = (entries["tokenizers"], entries["recommenders"], entries["scorers"])
    try:
        printed = printed_beside(path)
        claimed = claim_cells(paper, config.papers[path.stem], config.seeds, *sections)
    except SemtokError as error:
        return str(error).splitlines()
    return [
        *misspelt(paper, path.stem, claimed, *sections),
        *unprinted(paper, path.stem, printed),
        *_unknown_conditions(paper, path.stem, entries),
    ]


def _unknown_conditions(paper: Definition, name: str, entries: Mapping[str, Any]) -> Iterator[str]:
    given = paper.conditions
    for section, found in (
        ("encoders", given.encoders.values()),
        ("language_models", given.language_models.values()),
        ("tokenizers", given.tokenizers),
    ):
        for entry in found:
            if entry not in entries[section]:
                expected = f"expected an entry of {section}{suggestion(entry, entries[section])}"
                yield f"{name}.yaml: conditions.{section}: found {entry!r}; {expected}"


def unknown_names(paper: Paper, config: PaperConfig, name: str) -> list[str]:
    """Tables, figures and datasets which a config names and the paper does not have: path, value, expectation."""
    exhibits = [*paper.tables, *paper.figures]
    printed = {paper.runs_on(dataset) for exhibit in exhibits for dataset in paper.shown_in(exhibit)}
    mistakes = [
        f"papers.{name}.{key}: found {entry!r}; expected one of the paper's{suggestion(entry, known)}"
        for key, found, known in (
            ("tables", config.tables, set(paper.tables)),
            ("figures", config.figures, set(paper.figures)),
            ("seeds_of", list(config.seeds_of), set(exhibits)),
            ("datasets", list(config.datasets), printed),
            ("lacking", list(config.lacking), printed),
            ("recommenders_by_dataset", list(config.recommenders_by_dataset), printed),
        )
        for entry in found
        if entry not in known
    ]
    for dataset, replacements in config.recommenders_by_dataset.items():
        used = {
            parts(method)[1] or config.recommender
            for exhibit in (*paper.tables, *paper.figures)
            for shown_as, _, method in wanted(paper, exhibit)
            if paper.runs_on(shown_as) == dataset and method not in UNTRAINED
        }
        mistakes += [
            f"papers.{name}.recommenders_by_dataset.{dataset}: found {entry!r}; expected a recommender of its "
            f"rows{suggestion(entry, used)}"
            for entry in replacements
            if dataset in printed and entry not in used
        ]
    return mistakes


def misspelt(
    paper: Definition,
    name: str,
    claimed: Iterable[Cell],
    tokenizers: Entries,
    recommenders: Collection[str],
    scorers: Entries = MappingProxyType({}),
) -> Iterator[str]:
    """Rows, bars and claims whose method is neither in the config nor among those that the definition has planned.

    claimed: the cells of the claims.
    """
    scoring = {exhibit for exhibit, table in paper.tables.items() if isinstance(table, ScoringTable)}
    found = {
        (exhibit, method, exhibit in scoring)
        for exhibit in [*paper.tables, *paper.figures]
        for *_, method in wanted(paper, exhibit)
    }
    found |= {
        (f"claim {claim.id}", method, claim.exhibit in scoring)
        for claim in paper.single_claims
        for method in claim.tokenizers
    }
    for exhibit, method, scores in sorted(found):
        given = ({TEXTS, *tokenizers}, scorers) if scores else ({IDS, *tokenizers}, recommenders)
        for mistake in _mistakes(method, paper.planned, tokenizers, *given, "scorers" if scores else "recommenders"):
            yield f"{name}.yaml: {exhibit}: found {method!r}; {mistake}"
    known: dict[tuple[str, str], list[str]] = {}
    for cell in claimed:
        known.setdefault((cell.exhibit, cell.dataset), []).append(cell.tokenizer)
    for claim in paper.single_claims:
        for dataset in claim.datasets:
            rows = known.get((claim.exhibit, dataset), [])
            for method in claim.tokenizers:
                if method not in rows:
                    expected = f"expected what {claim.exhibit} has on {dataset}{suggestion(method, rows)}"
                    yield f"{name}.yaml: claim {claim.id}: found {method!r}; {expected}"


def _mistakes(
    method: str,
    planned: Collection[str],
    tokenizers: Entries,
    read: Collection[str],
    recommenders: Collection[str],
    section: str,
) -> Iterator[str]:
    """read: what may stand before the slash; recommenders: what may stand behind it, an entry of `section`."""
    tokenizer, own, changes = parts(method)
    try:
        entry, replaced = parse(tokenizer)
        recommender = parse(own)[0] if own else ""
        parse(f"recommender{changes}")
    except ConfigError as error:
        yield str(error)
        return
    if entry not in {*read, *planned}:
        yield f"expected an entry of tokenizers, or one that is planned{suggestion(entry, tokenizers)}"
    # A user's own entry of that name may be of another method: then the row stays empty, and says so.
    options = {option for values in tokenizers.values() for option in values}
    for option in (key.partition(".")[0] for key in replaced):
        if option not in options:
            yield f"{option!r} is no option of a tokenizer{suggestion(option, tokenizers.get(entry, options))}"
    if method not in UNTRAINED and recommender and recommender not in {*recommenders, *planned}:
        yield f"expected an entry of {section}, or one that is planned{suggestion(recommender, recommenders)}"


def unprinted(paper: Definition, name: str, printed: Printed) -> Iterator[str]:
    """Labels whose printed numbers stand under another name: some rows have none, and some numbers no row."""
    labels: dict[str, list[str]] = {}
    for identifier, table in paper.tables.items():
        if isinstance(table, RankingTable):
            labels[identifier] = [row.label for row in table.rows] + [gain.label for gain in table.gains]
        elif isinstance(table, ScoringTable):
            labels[identifier] = [row.label for row in table.rows]
    for identifier, figure in paper.figures.items():
        if isinstance(figure, Figure):
            for letter, panel in figure.panels.items():
                labels[identifier + letter] = [bar.label for bar in panel.bars]
    for identifier, shown in labels.items():
        without = [label for label in shown if label not in printed.methods(identifier)]
        for label in sorted(printed.methods(identifier) - set(shown)) if without else ():
            yield (
                f"{name}-printed.csv: {identifier}: found numbers of {label!r}, which nothing shows, while others have "
                f"none; expected the label of one of these{suggestion(label, without)}"
            )
