"""Which runs a paper's tables, figures and claims need under a config. Imported by the Snakefile: kept light."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from semtok.config.papers import PaperConfig
from semtok.config.tokenizers import IDS
from semtok.config.variants import canonical, nearest, parse
from semtok.papers.definition import Figure, Paper, RankingTable, StatisticsTable

Entries = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Run:
    """One trained recommender; its results lie in results/recommenders/{dataset}/{tokenizer}/{recommender}/{seed}."""

    dataset: str
    tokenizer: str
    recommender: str
    seed: int


@dataclass(frozen=True)
class Cell:
    """One method on one dataset in one table or figure."""

    place: str
    """The table or figure."""
    dataset: str
    """Printed name of the dataset."""
    tokenizer: str
    """As written in the definition."""
    runs: tuple[Run, ...]
    """One a seed; empty where the config cannot build it."""
    missing: str
    """Why there are no runs; empty where there are."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as they stand in a rule's params."""
        return {**asdict(self), "runs": [asdict(run) for run in self.runs]}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Cell":
        """The inverse of `as_dict`."""
        return cls(**{**values, "runs": tuple(Run(**run) for run in values["runs"])})


def problems(paper: Paper, config: PaperConfig, name: str) -> list[str]:
    """Tables, figures and datasets which a config names and the paper does not have: path, value, expectation."""
    printed = {dataset for place in (*paper.tables, *paper.figures) for dataset, _ in _wanted(paper, place)}
    printed |= {dataset for table in paper.tables.values() for dataset in table.datasets}
    return [
        f"papers.{name}.{key}: found {entry!r}; expected one of the paper's{nearest(entry, known)}"
        for key, found, known in (
            ("tables", config.tables, set(paper.tables)),
            ("figures", config.figures, set(paper.figures)),
            ("datasets", list(config.datasets), printed),
        )
        for entry in found
        if entry not in known
    ]


def cutoffs(paper: Paper, places: Iterable[str]) -> list[int]:
    """Every k of the tables and figures `places`."""
    wanted: set[int] = set()
    for place in places:
        table = paper.tables.get(place)
        if isinstance(table, RankingTable):
            wanted.update(table.ks)
        elif place in paper.figures:
            wanted.update(k for panel in paper.figures[place].panels.values() for k in panel.ks)
    return sorted(wanted)


def cells(
    paper: Paper,
    config: PaperConfig,
    place: str,
    seeds: Sequence[int],
    tokenizers: Entries,
    recommenders: Collection[str] = (),
) -> list[Cell]:
    """Every method on every dataset of a ranking table or figure, each with its runs or the reason why it has none.

    Args:
        paper: the definition.
        config: the paper's section of the config.
        place: id of a table or figure.
        seeds: the config's `seeds`; figures use `config.sweep_seeds`.
        tokenizers: the config's `tokenizers`, as plain values. A variant that equals its entry there becomes the
            entry itself, so that nothing is run twice.
        recommenders: names of the config's `recommenders`, for methods with a recommender of their own
            (`ids/sasrec`); the others have the paper's.
    """
    built = place in config.tables or place in config.figures
    chosen = config.sweep_seeds if place in paper.figures else seeds
    found = []
    for dataset, method in _wanted(paper, place):
        tokenizer, _, own = method.partition("/")
        recommender = own or config.recommender
        missing = f"{place} is not among the tables and figures of this config" if not built else ""
        missing = missing or _missing(config, dataset, tokenizer, own, tokenizers, recommenders)
        runs: tuple[Run, ...] = ()
        if not missing:
            name = tokenizer if tokenizer == IDS else canonical(tokenizers, tokenizer, "tokenizers")
            runs = tuple(Run(config.stand_ins[dataset], name, recommender, seed) for seed in chosen)
        found.append(Cell(place, dataset, method, runs, missing))
    return found


def claim_cells(
    paper: Paper, config: PaperConfig, seeds: Sequence[int], tokenizers: Entries, recommenders: Collection[str] = ()
) -> list[Cell]:
    """The cells of every table and figure that a claim refers to, built under this config or not."""
    places = dict.fromkeys(claim.place for claim in paper.claims)
    return [cell for place in places for cell in cells(paper, config, place, seeds, tokenizers, recommenders)]


def runs(cells: Iterable[Cell]) -> list[Run]:
    """The distinct runs of `cells`, in order of first mention."""
    return list(dict.fromkeys(run for cell in cells for run in cell.runs))


def coded_runs(cells: Iterable[Cell]) -> list[Run]:
    """Those of the runs that have codes to be diagnosed; plain item ids have none."""
    return [run for run in runs(cells) if run.tokenizer != IDS]


def datasets(paper: Paper, config: PaperConfig, place: str) -> dict[str, str]:
    """The datasets of a table or figure that this config has: printed name to entry of `datasets`."""
    if place in paper.tables:
        printed = paper.tables[place].datasets
    else:
        printed = [panel.dataset for panel in paper.figure(place).panels.values()]
    return {name: config.stand_ins[name] for name in dict.fromkeys(printed) if name in config.stand_ins}


def _wanted(paper: Paper, place: str) -> list[tuple[str, str]]:
    part: StatisticsTable | RankingTable | Figure
    part = paper.tables[place] if place in paper.tables else paper.figure(place)
    if isinstance(part, StatisticsTable):
        return []
    if isinstance(part, RankingTable):
        pairs = [(dataset, row.tokenizer) for dataset in part.datasets for row in part.rows]
    else:
        pairs = [(panel.dataset, bar.tokenizer) for panel in part.panels.values() for bar in panel.bars]
    return list(dict.fromkeys(pairs))


def _missing(
    config: PaperConfig, dataset: str, tokenizer: str, own: str, tokenizers: Entries, recommenders: Collection[str]
) -> str:
    name, replaced = parse(tokenizer)
    if dataset not in config.stand_ins:
        return f"no dataset of this config stands for {dataset}"
    if name != IDS and name not in tokenizers:
        return f"this config has no tokenizer {name}"
    # A user's own entry of that name may be of another method.
    lacking = [key for key in replaced if key.split(".")[0] not in tokenizers.get(name, {})]
    if lacking:
        return f"the tokenizer {name} of this config has no option {lacking[0]}"
    if own and parse(own)[0] not in recommenders:
        return f"this config has no recommender {parse(own)[0]}"
    return ""
