"""What a table, a figure or the claims of a paper are made from: one object for all of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from semtok.papers.origin import PLANTED, Origin, PrintedSize, departure, describe, read_origin
from semtok.papers.quantities import beam_fault
from semtok.papers.statistics import Uncertainty
from semtok.plan.cells import Cell, Run, lacking
from semtok.plan.definition import CLAIMS, Kind, Paper
from semtok.plan.paths import Paths, sources
from semtok.plan.printed import SIZES, Printed

Files = Mapping[Run, Path]


@dataclass(frozen=True)
class Results:
    """The definition of an exhibit, the printed numbers, and the files of the runs that it shows."""

    paper: str
    """Its name in the config."""
    name: str
    """Id of the table or figure, or `claims`."""
    content: Paper
    """As much of the definition as it shows."""
    printed: Printed
    cells: Sequence[Cell]
    """From `plan.cells`."""
    files: Mapping[str, Files]
    """By what they are (`metrics`, `facts`, `diagnostics`, `codes`, `model`, `history`), the file of each run."""
    stats: Mapping[str, Path]
    """The `stats.json` of each dataset that the config has, by printed name."""
    origins: Mapping[str, Origin]
    """From `stats`."""
    uncertainty: Uncertainty
    """How intervals are made; claims are tested at 1 - confidence."""
    targets: Mapping[str, Path] = field(default_factory=dict)
    """What is known of the test targets of each dataset (`untrained.parquet`), where they are divided into strata."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Of claims: what the tables call the variants that they compare."""

    def spec(self, kind: type[Kind]) -> Kind:
        """What is defined of it; a `ConfigError` where it is of another kind."""
        return self.content.exhibit(self.name, kind)

    @property
    def title(self) -> str:
        """What the paper calls it, as in `Table 2`."""
        word = "Table" if self.name in self.content.tables else "Figure"
        return f"{word} {self.name.removeprefix(word.lower())}"

    @property
    def caption(self) -> str:
        """With its title before it."""
        spec = self.content.tables.get(self.name) or self.content.figure(self.name)
        return f"{self.title}: {spec.caption}"

    def keys(self, dataset: str) -> dict[str, Any]:
        """With which every tidy row about a dataset begins: the paper, the table or figure, and the dataset."""
        what = "table" if self.name in self.content.tables else "figure"
        return {"paper": self.paper, what: self.name, "dataset": dataset}

    def heading(self, datasets: Iterable[str]) -> str:
        """What a column of our own numbers on these datasets is called."""
        sources = {self.origins[dataset].source for dataset in datasets}
        if "synthetic" in sources:
            return "synthetic" if len(sources) == 1 else "ours, partly synthetic"
        return "ours"

    def warning(self, datasets: Iterable[str], what: str = "numbers") -> str:
        """A sentence about those that are made up in the place of the paper's; empty where none is."""
        made_up = [dataset for dataset in datasets if self.origins[dataset].source == "synthetic"]
        return f"Synthetic data stand for {' and '.join(made_up)}: not the paper's {what}." if made_up else ""

    def stand_ins(self, datasets: Iterable[str]) -> list[str]:
        """A sentence for each dataset that stands in for another."""
        pairs = [(about.runs_on, about.stands_for) for about in map(self.content.about, datasets) if about.stands_for]
        return [f"{ours} stands in for {theirs}: our numbers are not about {theirs}." for ours, theirs in pairs]

    def notes_on(self, datasets: Iterable[str]) -> list[str]:
        """What a reader must know of datasets, whatever is shown of them."""
        notes = {dataset: self.content.about(dataset).note for dataset in datasets}
        return [f"{dataset}: {note}" for dataset, note in notes.items() if note]

    def describe(self, dataset: str) -> str:
        """A sentence for captions: what stands for the printed dataset here, or why nothing does."""
        if dataset not in self.origins:
            return f"{dataset}: not run: {lacking(self.content, dataset)}."
        return describe(dataset, self.origins[dataset], self.printed_size(dataset))

    def departures(self, dataset: str) -> list[str]:
        """Why sizes on these data do not compare with printed ones, if they do not."""
        if dataset not in self.origins:
            return []
        about = self.content.about(dataset)
        other = about.stands_for or about.replaces
        size = departure(self.origins[dataset], self.printed_size(dataset))
        return list(filter(None, [f"the data are not {other}" if other else "", size]))

    def printed_size(self, dataset: str) -> PrintedSize:
        """How large the paper says that the dataset is whose runs these are."""
        name = self.content.runs_on(dataset)
        found = (self.printed.get("table1", name, "", statistic) for statistic in SIZES)
        return PrintedSize(*(number.value if number else None for number in found))

    @property
    def uncertified(self) -> set[tuple[str, str]]:
        """Dataset and row (as the definition writes it) whose beam has a fault: no claim is judged by them."""
        facts = self.files.get("facts", {})
        rows = {
            (cell.dataset, cell.tokenizer): [facts[run] for run in cell.runs if run in facts] for cell in self.cells
        }
        return {row for row, paths in rows.items() if beam_fault(paths)}

    @classmethod
    def of_job(cls, snakemake: Any) -> "Results":
        """Those of a job of the papers' rules, from its params alone: of `plan.exhibits.Exhibits.params`.

        snakemake: the object of that name in its script.
        """
        shown, name = snakemake.params.shown, snakemake.wildcards.get("exhibit", CLAIMS)
        content = Paper.model_validate(shown["content"])
        cells = [Cell.from_dict(cell) for cell in shown["cells"]]
        read = sources(content.kind(name), cells, shown["datasets"], Paths(shown["results"]))
        stats = {dataset: Path(path) for dataset, path in read.stats.items()}
        return cls(
            snakemake.wildcards.paper,
            name,
            content,
            Printed.from_rows(shown["printed"]),
            cells,
            {what: {run: Path(path) for run, path in files.items()} for what, files in read.files.items()},
            stats,
            {dataset: origin_of(content, dataset, path) for dataset, path in stats.items()},
            Uncertainty(**(shown["uncertainty"] or NO_INTERVALS)),
            {dataset: Path(path) for dataset, path in read.targets.items()},
            shown.get("labels", {}),
        )


def origin_of(content: Paper, dataset: str, stats: Path) -> Origin:
    """Where a dataset's records come from, and whether they stand for it, for themselves or for the user's own."""
    origin, about = read_origin(stats), content.about(dataset)
    if origin.source == "synthetic":
        return replace(origin, source=PLANTED) if about.is_world else origin
    return replace(origin, source="own") if about.replaces else origin


NO_INTERVALS = {"bootstrap_samples": 0, "confidence": 0.95, "seed": 0}
"""Of exhibits that compare no runs, such as the statistics of datasets."""
