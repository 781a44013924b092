"""Which files a table, a figure or the claims are made from: one answer for the rule and for its script."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from semtok.plan.cells import Cell, Run, coded, runs
from semtok.plan.paths import Paths

READS: dict[str, tuple[str, ...]] = {
    "statistics": (),
    "ranking": ("scores", "diagnostics", "facts", "choice"),
    "bars": ("scores",),
    "training": ("history",),
    "embedding": ("codes", "model"),
    "claims": ("scores", "diagnostics", "facts", "history"),
}
"""What each kind of exhibit is made from, beside the statistics of its datasets."""


@dataclass(frozen=True)
class Sources:
    """The files that one job of the papers reads."""

    files: Mapping[str, Mapping[Run, str]]
    """By what they are, the file of each run."""
    stats: Mapping[str, str]
    """By printed name, the `stats.json` of each dataset."""

    def as_input(self) -> dict[str, list[str]]:
        """By name, as they stand in the rule's input."""
        files = {what: list(of_runs.values()) for what, of_runs in self.files.items()}
        return {**files, "stats": list(self.stats.values())}


def sources(kind: str, cells: Sequence[Cell], datasets: Mapping[str, str], paths: Paths) -> Sources:
    """What an exhibit of one kind reads.

    Args:
        kind: of `READS`.
        cells: its methods on its datasets.
        datasets: its datasets that the config has, printed name to entry.
        paths: where results lie.
    """
    places = {
        "scores": (paths.user_scores, runs(cells, "ranks")),
        "facts": (paths.decoding, runs(cells, "ranks")),
        "diagnostics": (paths.diagnostics, coded(cells)),
        "codes": (paths.codes, coded(cells)),
        "model": (paths.tokenizer_model, coded(cells)),
        "history": (paths.tokenizer_history, coded(cells)),
        "choice": (paths.choice, runs(replace(cell, runs=cell.runs[:1]) for cell in cells if cell.has_choice)),
    }
    files = {what: {run: places[what][0].format(**asdict(run)) for run in places[what][1]} for what in READS[kind]}
    stats = {name: paths.stats.format(dataset=entry) for name, entry in datasets.items()}
    return Sources(files, stats)
