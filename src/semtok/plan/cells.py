"""Which runs a paper's tables, figures and claims need under a config. Imported by the Snakefile: kept light."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import product
from types import MappingProxyType
from typing import Any, Literal

from semtok.config.papers import PaperConfig
from semtok.config.scorers import TEXTS, is_trained, reads_codes
from semtok.config.tokenizers import IDS
from semtok.config.variants import canonical, parse, resolve, spelled
from semtok.plan.definition import Paper
from semtok.plan.figure_specs import Figure, TrainingFigure
from semtok.plan.table_specs import AttributesTable, ScoringTable, StatisticsTable
from semtok.plan.untrained import UNTRAINED

Evidence = Literal["ranks", "codes", "training", "dense", "candidates"]
"""What a cell's runs are asked for: the recommender's ranks, the tokenizer's codes, its history alone, what it reads of
dense tokens, or the scores of candidates."""
Entries = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Run:
    """One trained recommender; its results lie in results/recommenders/{dataset}/{tokenizer}/{recommender}/{seed}."""

    dataset: str
    tokenizer: str
    recommender: str
    seed: int

    @property
    def is_untrained(self) -> bool:
        """Whether it is one of the lists that need no training, all of which lie in one file of their dataset."""
        return f"{self.tokenizer}/{self.recommender}" in UNTRAINED


@dataclass(frozen=True)
class Terms:
    """On what terms a row's runs are made, as far as those of another row must be the same."""

    history: int | None = None
    """How many of the most recent items the recommender reads; None: no term."""
    vectors: Mapping[str, str] = field(default_factory=dict)
    """The encoder of each modality that the tokenizer reads."""
    equal_steps: bool = False
    """Whether tokenizers must have been trained for as many steps."""
    catalogue_model: str = ""
    """The language model that the recommender writes with, where it has read nothing but the catalogue."""
    departures: Sequence[str] = ()
    """Where what made them is not what the paper prints."""
    departures_of_codes: Sequence[str] = ()
    """Those of them that have to do with the codes alone."""


@dataclass(frozen=True)
class Cell:
    """One method on one dataset in one table or figure."""

    exhibit: str
    """The table or figure."""
    dataset: str
    """Printed name of the dataset."""
    tokenizer: str
    """As written in the definition: the name of its row."""
    runs: tuple[Run, ...]
    """One a seed; empty where the config cannot build it."""
    missing: str
    """Why there are no runs; empty where there are."""
    evidence: Evidence = "ranks"
    remark: str = ""
    """What must be said wherever its numbers show."""
    language_models: tuple[str, ...] = ()
    """What each language model is that it uses, in words."""
    terms: Terms = Terms()
    """Of the cells of claims (`semtok.plan.terms`)."""
    budget: str = ""
    """How long its tokenizer is trained, in words; empty where there is none that is."""
    recommender: str = ""
    """The name of its recommender, and in words what that reads and how it is trained; empty without runs."""
    has_choice: bool = False
    """Whether options of its recommender are chosen by validation."""
    dense: str = ""
    """The dense tokenizer (an encoder) that its tokenizer reads; empty for one that reads none."""
    has_seeds: bool = True
    """Whether a seed changes anything; it does not where nothing is trained (lists, zero-shot scorers)."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as they stand in a rule's params."""
        return {**asdict(self), "runs": [asdict(run) for run in self.runs]}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Cell":
        """The inverse of `as_dict`."""
        told = {name: tuple(values["terms"][name]) for name in ("departures", "departures_of_codes")}
        terms = Terms(**{**values["terms"], **told})
        runs = tuple(Run(**run) for run in values["runs"])
        return cls(**{**values, "runs": runs, "terms": terms, "language_models": tuple(values["language_models"])})


def cells(
    paper: Paper,
    config: PaperConfig,
    exhibit: str,
    seeds: Sequence[int],
    tokenizers: Entries,
    recommenders: Collection[str] = (),
    scorers: Entries = MappingProxyType({}),
) -> list[Cell]:
    """Every method on every dataset of a ranking table or figure, each with its runs or the reason why it has none.

    Args:
        paper: the definition.
        config: the paper's section of the config.
        exhibit: id of a table or figure.
        seeds: the config's `seeds`; figures use `config.sweep_seeds`, and what `config.seeds_of` names its own.
        tokenizers: the config's `tokenizers`, as plain values. A variant that equals its entry there becomes the
            entry itself, so that nothing is run twice.
        recommenders: names of the config's `recommenders`, for methods with a recommender of their own
            (`ids/sasrec`); the others have the paper's.
        scorers: the config's `scorers`, as plain values.
    """
    make = _Maker(paper, config, exhibit, seeds, tokenizers, recommenders, scorers)
    evidence = evidence_of(paper, exhibit)
    return [make.cell(dataset, name, method, evidence) for dataset, name, method in wanted(paper, exhibit)]


def evidence_of(paper: Paper, exhibit: str) -> Evidence:
    """What the runs of a table or figure are asked for."""
    if exhibit in paper.tables:
        table = paper.tables[exhibit]
        if isinstance(table, ScoringTable):
            return "candidates"
        return "dense" if isinstance(table, AttributesTable) else "ranks"
    figure = paper.figure(exhibit)
    if isinstance(figure, Figure):
        return "ranks"
    return "training" if isinstance(figure, TrainingFigure) else "codes"


def claim_cells(
    paper: Paper,
    config: PaperConfig,
    seeds: Sequence[int],
    tokenizers: Entries,
    recommenders: Collection[str] = (),
    scorers: Entries = MappingProxyType({}),
) -> list[Cell]:
    """The cells of every table and figure that a claim refers to, built under this config or not.

    A claim about codes may name tokenizers that are no rows of its exhibit: they have cells for their codes alone.
    """
    exhibits = dict.fromkeys(claim.exhibit for claim in paper.single_claims)
    named = {name for claim in paper.single_claims for name in claim.tokenizers}
    found = [
        cell
        for exhibit in exhibits
        for cell in cells(paper, config, exhibit, seeds, tokenizers, recommenders, scorers)
        if cell.tokenizer in named or cell.tokenizer not in UNTRAINED
    ]
    known = {(cell.exhibit, cell.dataset, cell.tokenizer) for cell in found}
    for claim in paper.single_claims:
        if claim.needs == "diagnostics":
            make = _Maker(paper, config, claim.exhibit, seeds, tokenizers, recommenders, scorers)
            for dataset, name in product(claim.datasets, claim.tokenizers):
                if (claim.exhibit, dataset, name) not in known:
                    known.add((claim.exhibit, dataset, name))
                    found.append(make.cell(dataset, name, name, "codes"))
    return found


def runs(cells: Iterable[Cell], *evidence: Evidence) -> list[Run]:
    """The distinct runs of `cells`, in order of first mention; with `evidence`, of those cells only."""
    return list(dict.fromkeys(run for cell in cells if not evidence or cell.evidence in evidence for run in cell.runs))


def coded(cells: Iterable[Cell]) -> list[Run]:
    """Those of the runs that have a tokenizer: plain item ids have none, and scorers of candidates need not."""
    return [run for run in runs(cells, "ranks", "codes", "training") if run.tokenizer != IDS]


def datasets(paper: Paper, config: PaperConfig, exhibit: str) -> dict[str, str]:
    """The datasets of a table, a figure or the claims that this config has: printed name to entry of `datasets`."""
    entries = {name: config.stand_ins.get(paper.runs_on(name)) for name in paper.shown_in(exhibit)}
    return {name: entry for name, entry in entries.items() if entry is not None}


def lacking(paper: Paper, dataset: str) -> str:
    """Why a dataset that the config does not have is not there."""
    name = paper.runs_on(dataset)
    return paper.about(name).unavailable or f"no dataset of this config stands for {name}"


@dataclass(frozen=True)
class _Maker:
    """Cells of one exhibit; the fields are those of `cells`."""

    paper: Paper
    config: PaperConfig
    exhibit: str
    seeds: Sequence[int]
    tokenizers: Entries
    recommenders: Collection[str]
    scorers: Entries

    def cell(self, dataset: str, name: str, method: str, evidence: Evidence) -> Cell:
        """The cell of a row's `name`, for which `method` is run."""
        built = self.exhibit in self.config.tables or self.exhibit in self.config.figures
        missing = f"{self.exhibit} is not among the tables and figures of this config" if not built else ""
        entry = self.config.stand_ins.get(self.paper.runs_on(dataset), "")
        if not missing and not entry:
            missing = lacking(self.paper, dataset)
        if not missing:
            missing = self._missing_scorer(method) if evidence == "candidates" else self._missing(dataset, method)
        if missing:
            return Cell(self.exhibit, dataset, name, (), missing, evidence)
        tokenizer, own, changes = parts(method)
        if evidence == "candidates":
            trained = is_trained(dict(self.scorers[parse(own)[0]]))
            seeds = self.config.seeds_of.get(self.exhibit, self.seeds) if trained else [0]
            read = tokenizer if tokenizer == TEXTS else canonical(self.tokenizers, tokenizer, "tokenizers")
            found = tuple(Run(entry, read, canonical(self.scorers, own, "scorers"), seed) for seed in seeds)
            return Cell(self.exhibit, dataset, name, found, "", evidence, has_seeds=trained)
        tokenizer = tokenizer if tokenizer == IDS else canonical(self.tokenizers, tokenizer, "tokenizers")
        recommender = self._recommender(dataset, own, changes)
        usual = self.config.sweep_seeds if self.exhibit in self.paper.figures else self.seeds
        trained = name not in UNTRAINED
        seeds = self.config.seeds_of.get(self.exhibit, usual) if trained else [0]
        found = tuple(Run(entry, tokenizer, recommender, seed) for seed in seeds)
        return Cell(self.exhibit, dataset, name, found, "", evidence, has_seeds=trained)

    def _recommender(self, dataset: str, own: str, changes: str) -> str:
        """What a row has on a dataset: its `own` or the paper's, or what takes its place there; with `changes`."""
        recommender = own or self.config.recommender
        replacements = self.config.recommenders_by_dataset.get(self.paper.runs_on(dataset), {})
        return spelled(replacements.get(recommender, recommender) + changes)

    def _missing_scorer(self, method: str) -> str:
        reasons = {row.scorer: row.unavailable for row in self.paper.exhibit(self.exhibit, ScoringTable).rows}
        tokenizer, own, _ = parts(method)
        if reasons[method] or parse(own)[0] not in self.scorers:
            return reasons[method] or f"this config has no scorer {parse(own)[0]}"
        if not reads_codes(self.scorers[parse(own)[0]]):
            return "" if tokenizer == TEXTS else f"the scorer {own} reads texts, not {tokenizer}"
        return f"the scorer {own} reads codes, not texts" if tokenizer == TEXTS else self._missing_tokenizer(tokenizer)

    def _missing(self, dataset: str, method: str) -> str:
        tokenizer, own, changes = parts(method)
        name = parse(tokenizer)[0]
        if missing := self._missing_tokenizer(tokenizer):
            return missing
        if (
            method not in UNTRAINED
            and own
            and (recommender := parse(self._recommender(dataset, own, changes))[0]) not in self.recommenders
        ):
            return f"this config has no recommender {recommender}"
        printed = self.paper.runs_on(dataset)
        views = {} if name == IDS else resolve(self.tokenizers, tokenizer, "tokenizers").get("views") or {}
        absent = [modality for modality in self.config.lacking.get(printed, []) if views.get(modality)]
        return f"{printed} has no {absent[0]} view" if absent else ""

    def _missing_tokenizer(self, tokenizer: str) -> str:
        name, replaced = parse(tokenizer)
        if name != IDS and name not in self.tokenizers:
            return f"this config has no tokenizer {name}"
        # A user's own entry of that name may be of another method.
        unknown = [key for key in replaced if key.split(".")[0] not in self.tokenizers.get(name, {})]
        return f"the tokenizer {name} of this config has no option {unknown[0]}" if unknown else ""


def parts(method: str) -> tuple[str, str, str]:
    """A row's tokenizer, the recommender of its own, and `+key=value` by which the paper's is changed; or neither."""
    tokenizer, _, own = method.partition("/")
    return (tokenizer, "", own) if own.startswith("+") else (tokenizer, own, "")


def wanted(paper: Paper, exhibit: str) -> list[tuple[str, str, str]]:
    """Dataset, name of the row or bar, and what is run for it."""
    table = paper.tables.get(exhibit)
    if table is None:
        return list(dict.fromkeys((dataset, name, name) for dataset, name in paper.figure(exhibit).pairs))
    if isinstance(table, StatisticsTable):
        return []
    if isinstance(table, AttributesTable):
        return [(dataset, table.tokenizer, table.tokenizer) for dataset in table.datasets]
    if isinstance(table, ScoringTable):
        return [(dataset, row.scorer, row.scorer) for dataset in table.datasets for row in table.rows]
    rows = {dataset: [*table.rows_on(dataset), *table.untrained_rows] for dataset in table.datasets}
    return [(dataset, row.tokenizer, row.method(dataset)) for dataset in rows for row in rows[dataset]]
