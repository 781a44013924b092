"""What the jobs of the papers read, show and depend on, under one config. Imported by the Snakefile: kept light."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from semtok.config.model import Config
from semtok.plan import cells as plan
from semtok.plan.cells import Cell, Run
from semtok.plan.definition import CLAIMS, DatasetNote, Definition
from semtok.plan.figure_specs import Figure
from semtok.plan.own_data import with_own_data
from semtok.plan.paths import Paths, sources, trained_as
from semtok.plan.printed import Printed, printed_beside
from semtok.plan.remarks import with_language_models, with_remarks
from semtok.plan.table_specs import RankingTable
from semtok.plan.terms import with_terms
from semtok.plan.untrained import UNTRAINED

COMPARED = ("ranking", "scoring", "bars", CLAIMS)
"""The kinds that have intervals."""


class Exhibits:
    """The tables, figures and claims of a config's papers; `exhibit` is a table's or figure's id, or `claims`.

    Args:
        config: the config.
        definitions: of each of its papers.
        folder: where definitions and printed numbers lie.
        paths: where results lie.
    """

    def __init__(self, config: Config, definitions: Mapping[str, Definition], folder: Path, paths: Paths) -> None:
        self.config, self.paths = config, paths
        self.printed = {paper: printed_beside(folder / f"{paper}.yaml") for paper in definitions}
        self._entries = config.model_dump(mode="json")
        self._of_papers = {
            paper: with_own_data(definition, config.papers[paper], self._entries["datasets"])
            for paper, definition in definitions.items()
        }
        self._cells: dict[tuple[str, str], list[Cell]] = {}

    def definition(self, paper: str) -> Definition:
        """The paper, own data under their own name."""
        return self._of_papers[paper][0]

    def kind(self, paper: str, exhibit: str) -> str:
        """Its kind."""
        return self.definition(paper).kind(exhibit)

    def built(self, paper: str) -> list[str]:
        """The tables and figures that the config builds."""
        return [*self.config.papers[paper].tables, *self.config.papers[paper].figures]

    def cells(self, paper: str, exhibit: str) -> list[Cell]:
        """Every method on every dataset, with its runs."""
        if (paper, exhibit) not in self._cells:
            definition, config = self._of_papers[paper]
            tokenizers, recommenders = self._entries["tokenizers"], self._entries["recommenders"]
            given = (self.config.seeds, tokenizers, recommenders, self._entries["scorers"])
            if exhibit == CLAIMS:
                found = plan.claim_cells(definition, config, *given)
                found = with_terms(found, definition.conditions, config, self.config, self._entries)
            else:
                found = plan.cells(definition, config, exhibit, *given)
            found = with_remarks(found, tokenizers, self._entries["encoders"], recommenders)
            found = with_language_models(found, self._entries)
            self._cells[paper, exhibit] = list(self._with_untrained(found))
        return self._cells[paper, exhibit]

    def _with_untrained(self, cells: Iterable[Cell]) -> Iterator[Cell]:
        """The same cells; untrained baselines say in words what they are, or why there is nothing to rank by."""
        options = self.config.untrained
        for cell in cells:
            row = UNTRAINED.get(cell.tokenizer)
            if row is None or not cell.runs:
                yield cell
            elif row.name == "content" and options.encoder is None:
                yield replace(cell, runs=(), missing="untrained.encoder is null")
            elif row.name == "content" and not self.config.datasets[cell.runs[0].dataset].text_fields:
                yield replace(cell, runs=(), missing=f"{cell.dataset} has no texts")
            else:
                yield replace(cell, recommender=row.sentence(options))

    def datasets(self, paper: str, exhibit: str) -> dict[str, str]:
        """Those datasets that the config has: printed name to entry."""
        return plan.datasets(*self._of_papers[paper], exhibit)

    def inputs(self, paper: str, exhibit: str) -> dict[str, list[str]]:
        """The files that the job reads, by what they are."""
        return sources(
            self.kind(paper, exhibit), self.cells(paper, exhibit), self.datasets(paper, exhibit), self.paths
        ).as_input()

    def params(self, paper: str, exhibit: str) -> dict[str, Any]:
        """Everything else that the job prints, and nothing besides, as plain values; `Results.of_job` reads it."""
        definition = self.definition(paper)
        kind = definition.kind(exhibit)
        return {
            "results": self.paths.results,
            "content": _content(definition, exhibit),
            "printed": _numbers(definition, self.printed[paper], exhibit),
            "cells": [cell.as_dict() for cell in self.cells(paper, exhibit)],
            "datasets": self.datasets(paper, exhibit),
            "uncertainty": self._entries["evaluation"] if kind in COMPARED else None,
            **({"labels": _labels(definition)} if kind == CLAIMS else {}),
        }

    @property
    def pattern(self) -> str:
        """What the wildcard `paper` may be where any paper will do."""
        return "|".join(map(re.escape, self._of_papers)) or "none"

    def shown(self, paper: str, part: Literal["tables", "figures"], pattern: str) -> list[str]:
        """A file of each of the tables or figures that the config builds."""
        names: Sequence[str] = getattr(self.config.papers[paper], part)
        return [pattern.format(paper=paper, exhibit=name) for name in names]

    def strata(self, paper: str, pattern: str) -> list[str]:
        """A file of the strata of each table of rankings that the config builds."""
        return [pattern.format(paper=paper, exhibit=f"{name}-strata") for name in self._ranking_tables(paper)]

    def rankings(self, pattern: str) -> list[str]:
        """A file of each table of rankings that the config builds, of all papers."""
        tables = [(paper, name) for paper in self._of_papers for name in self._ranking_tables(paper)]
        return [pattern.format(paper=paper, exhibit=name) for paper, name in tables]

    def histories(self) -> list[str]:
        """The histories of the trainings behind the rows of those tables."""
        tables = [(paper, name) for paper in self._of_papers for name in self._ranking_tables(paper)]
        cells = [cell for paper, name in tables for cell in self.cells(paper, name)]
        trained = [trained_as(self.paths.history, asdict(run)) for run in plan.runs(cells) if not run.is_untrained]
        coded = [self.paths.tokenizer_history.format(**asdict(run)) for run in plan.coded(cells)]
        return list(dict.fromkeys([*trained, *coded]))

    def verdicts(self, pattern: str) -> list[str]:
        """A file of the claims of each paper of which the config builds anything; nobody claims any of own data."""
        return [pattern.format(paper=paper) for paper in self._of_papers if self._is_judged(paper)]

    def _is_judged(self, paper: str) -> bool:
        return bool(self.built(paper) and self.definition(paper).claims)

    def _ranking_tables(self, paper: str) -> list[str]:
        return [name for name in self.config.papers[paper].tables if self.kind(paper, name) == "ranking"]

    def constraints(self, *kinds: str) -> dict[str, str]:
        """What the wildcards `paper` and `exhibit` may be in the rule of some kinds.

        The paper's pattern looks ahead to the exhibit, since two papers may have exhibits of one id and two kinds.
        """
        found: dict[str, list[str]] = {}
        for paper in self._of_papers:
            definition = self.definition(paper)
            for name in [*definition.tables, *definition.figures, CLAIMS]:
                if definition.kind(name) in kinds:
                    found.setdefault(paper, []).append(re.escape(name))
        papers = [f"{paper}(?=/(?:{'|'.join(names)})[.-])" for paper, names in found.items()]
        exhibits = sorted({name for names in found.values() for name in names})
        return {"paper": "|".join(papers) or "none", "exhibit": "|".join(exhibits) or "none"}

    def cutoffs(self, dataset: str, tokenizer: str, recommender: str, seed: str) -> list[int]:
        """Every k at which a run's metrics are asked for; for a run that no paper has, every k of any paper."""
        run = Run(dataset, tokenizer, recommender, int(seed))
        return sorted(self._cutoffs.get(run) or {k for ks in self._cutoffs.values() for k in ks})

    @cached_property
    def _cutoffs(self) -> dict[Run, set[int]]:
        found: dict[Run, set[int]] = {}
        for paper in self._of_papers:
            definition = self.definition(paper)
            for exhibit in self.built(paper):
                ks = {*definition.cutoffs([exhibit], optional=True), *_ks_of_claims(definition, exhibit)}
                for run in plan.runs(self.cells(paper, exhibit), "ranks"):
                    found.setdefault(run, set()).update(ks)
        return found

    def stacked(self, table: str) -> list[str]:
        """Table N of the papers that the config builds it for."""
        papers = [paper for paper, built in self.config.papers.items() if table in built.tables]
        return [f"{self.paths.exhibit}.csv".format(paper=paper, exhibit=table) for paper in papers]

    def results(self, outputs: Mapping[str, Sequence[str]]) -> list[str]:
        """Every file of every table, figure and list of claims: what plain `snakemake` makes, and what is shared.

        Args:
            outputs: the patterns of the outputs of the rule of each kind of exhibit, of `stacked` tables, and of the
                `scoreboard`.
        """
        return list(dict.fromkeys(self._results(outputs)))

    def _results(self, outputs: Mapping[str, Sequence[str]]) -> Iterator[str]:
        for paper, config in self.config.papers.items():
            built = self.built(paper)
            for exhibit in [*built, CLAIMS] if self._is_judged(paper) else built:
                kind = self.kind(paper, exhibit)
                yield from (file.format(paper=paper, exhibit=exhibit) for file in outputs[kind])
            for table in config.tables:
                yield from (file.format(exhibit=table) for file in outputs["stacked"])
        # Of own data nobody claims anything, and their numbers are looked at all the same.
        if any(self._is_judged(paper) or self._ranking_tables(paper) for paper in self._of_papers):
            yield from outputs["scoreboard"]


def _content(paper: Definition, exhibit: str) -> dict[str, Any]:
    """As much of a definition as an exhibit prints: a `Paper`."""
    values = paper.model_dump(mode="json", exclude_unset=True)
    claims = exhibit == CLAIMS
    notes = {name: paper.datasets[name] for name in paper.shown_in(exhibit) if name in paper.datasets}
    content = {
        name: note.model_dump(mode="json", exclude_defaults=True, exclude={"files", "reader"})
        for name, note in notes.items()
    }
    if paper.kind(exhibit) == "statistics":
        # Why a stand-in's own dataset is not there.
        reasons = {
            name: DatasetNote(unavailable=paper.about(name).unavailable)
            for name in map(paper.runs_on, paper.shown_in(exhibit))
        }
        content = {
            name: note.model_dump(mode="json", exclude_defaults=True) for name, note in reasons.items()
        } | content
    return {
        "title": paper.title if claims else "",
        "reference": "",
        "tables": {exhibit: values["tables"][exhibit]} if exhibit in paper.tables else {},
        "figures": {exhibit: values["figures"][exhibit]} if exhibit in paper.figures else {},
        "claims": values["claims"] if claims else [],
        "datasets": content,
    }


def _labels(paper: Definition) -> dict[str, str]:
    """What tables call the methods that claims compare: a reader knows L_co (CoST), and not `cost+temperature=0.1`."""
    found: dict[str, str] = {}
    for claim in paper.single_claims:
        if paper.kind(claim.exhibit) == "ranking":
            labels = paper.exhibit(claim.exhibit, RankingTable).labels
            found |= {name: labels[name] for name in claim.tokenizers if name in labels}
    return found


def _numbers(paper: Definition, printed: Printed, exhibit: str) -> list[list[object]]:
    """As many of the printed numbers as an exhibit shows: its own, and how large its datasets are."""
    figure = paper.figures.get(exhibit)
    tables = [exhibit + letter for letter in figure.panels] if isinstance(figure, Figure) else [exhibit]
    shown = paper.shown_in(exhibit)
    return printed.rows(tables, {*shown, *map(paper.printed_for, shown)}, set(map(paper.runs_on, shown)))


def _ks_of_claims(paper: Definition, exhibit: str) -> set[int]:
    return {k for claim in paper.single_claims if claim.exhibit == exhibit for _, k in claim.columns}
