"""Which files a table, a figure or the claims are made from: one answer for the rule and for its script."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from semtok.plan.cells import Cell, Run, coded, runs
from semtok.plan.paths import Paths, trained_as

READS: dict[str, tuple[str, ...]] = {
    "statistics": (),
    "ranking": ("metrics", "diagnostics", "facts", "choice", "ranks"),
    "attributes": ("dense",),
    "scoring": ("metrics", "scored"),
    "bars": ("metrics",),
    "training": ("history",),
    "embedding": ("codes", "model"),
    "claims": ("metrics", "diagnostics", "facts", "history", "dense"),
}
"""What each kind of exhibit is made from, beside the statistics of its datasets."""


@dataclass(frozen=True)
class Sources:
    """The files that one job of the papers reads."""

    files: Mapping[str, Mapping[Run, str]]
    """By what they are, the file of each run."""
    stats: Mapping[str, str]
    """By printed name, the `stats.json` of each dataset."""
    targets: Mapping[str, str]
    """By printed name, what is known of the test targets of each dataset (`untrained.parquet`), for the strata of a
    table of rankings."""

    def as_input(self) -> dict[str, list[str]]:
        """By name, as they stand in the rule's input."""
        files = {what: list(dict.fromkeys(of_runs.values())) for what, of_runs in self.files.items()}
        of_datasets = {"stats": self.stats, "targets": self.targets}
        return files | {what: list(dict.fromkeys(paths.values())) for what, paths in of_datasets.items()}


def sources(kind: str, cells: Sequence[Cell], datasets: Mapping[str, str], paths: Paths) -> Sources:
    """What an exhibit of one kind reads.

    Args:
        kind: of `READS`.
        cells: its methods on its datasets.
        datasets: its datasets that the config has, printed name to entry.
        paths: where results lie.
    """
    ranked, scored = runs(cells, "ranks"), runs(cells, "candidates")
    dense = {run: cell.dense for cell in cells if cell.dense for run in cell.runs}
    trained = [run for run in ranked if not run.is_untrained]
    places = {
        "metrics": (paths.metrics, trained),
        "facts": (paths.decoding, trained),
        "ranks": (paths.ranks, trained),
        "diagnostics": (paths.diagnostics, coded(cells)),
        "codes": (paths.codes, coded(cells)),
        "model": (paths.tokenizer_model, coded(cells)),
        "history": (paths.tokenizer_history, coded(cells)),
        "scored": (paths.scored, scored),
        "choice": (paths.choice, runs(replace(cell, runs=cell.runs[:1]) for cell in cells if cell.has_choice)),
    }
    reads = [what for what in READS[kind] if what != "dense"]
    files = {what: {run: places[what][0].format(**asdict(run)) for run in places[what][1]} for what in reads}
    if "choice" in files:
        files["choice"] = {run: trained_as(paths.choice, asdict(run)) for run in files["choice"]}
    if "metrics" in files:
        files["metrics"] |= {run: paths.untrained.format(dataset=run.dataset) for run in ranked if run.is_untrained}
        files["metrics"] |= {run: paths.list_metrics.format(**asdict(run)) for run in scored}
    if "dense" in READS[kind]:
        vectors = f"{paths.seeded_vectors}.json"
        files["dense"] = {run: vectors.format(**asdict(run), encoder=encoder) for run, encoder in dense.items()}
    stats = {name: paths.stats.format(dataset=entry) for name, entry in datasets.items()}
    targets = {
        name: paths.untrained.format(dataset=entry) for name, entry in datasets.items() if "ranks" in READS[kind]
    }
    return Sources(files, stats, targets)
