"""What a table, a figure or the claims of a paper are made from: one object for all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from semtok.papers.origin import Origin, describe, read_origin
from semtok.papers.samples import Uncertainty
from semtok.plan.cells import Cell, Run, coded, runs
from semtok.plan.definition import Paper, load
from semtok.plan.printed import Printed, read_printed

Files = Mapping[Run, Path]


@dataclass(frozen=True)
class Results:
    """The definition of an exhibit, the printed numbers, and the files of the runs that it shows."""

    paper: str
    """Its name in the config."""
    name: str
    """Id of the table or figure, or `claims`."""
    content: Paper
    printed: Printed
    cells: Sequence[Cell]
    """From `plan.cells`."""
    files: Mapping[str, Files]
    """By what they are (`ranks`, `facts`, `diagnostics`, `codes`, `model`, `history`), the file of each run."""
    stats: Mapping[str, Path]
    """The `stats.json` of each dataset that the config has, by printed name."""
    origins: Mapping[str, Origin]
    """From `stats`."""
    uncertainty: Uncertainty
    """How intervals are made; claims are tested at 1 - confidence."""

    def describe(self, dataset: str) -> str:
        """A sentence for captions: what stands for the printed dataset here."""
        users = self.printed.get("table1", self.content.runs_on(dataset), "", "users")
        return describe(dataset, self.origins[dataset], users.value if users else None)

    @classmethod
    def of(
        cls,
        definition: Path,
        printed: Path,
        paper: str,
        name: str,
        cells: Sequence[Cell],
        files: Mapping[str, Files],
        stats: Mapping[str, Path],
        uncertainty: Uncertainty,
    ) -> "Results":
        """Read the definition, the printed numbers and where the data come from."""
        origins = {dataset: read_origin(path) for dataset, path in stats.items()}
        return cls(paper, name, load(definition), read_printed(printed), cells, files, stats, origins, uncertainty)

    @classmethod
    def of_job(cls, snakemake: Any) -> "Results":
        """Those of a job of the papers' rules; `snakemake` is the object of that name in its script."""
        params, given = snakemake.params, snakemake.input
        cells = [Cell.from_dict(cell) for cell in getattr(params, "cells", [])]
        of_tokenizers = coded(cells)
        listed = {
            "ranks": runs(cells, "ranks"),
            "facts": runs(cells, "ranks"),
            "diagnostics": of_tokenizers,
            "codes": of_tokenizers,
            "model": of_tokenizers,
            "history": runs(cells, "training"),
        }
        files = {
            what: dict(zip(those, map(Path, given.get(what)), strict=True))
            for what, those in listed.items()
            if given.get(what)
        }
        return cls.of(
            Path(params.definition),
            Path(params.printed),
            snakemake.wildcards.paper,
            snakemake.wildcards.get("exhibit", "claims"),
            cells,
            files,
            stats=dict(zip(params.datasets, map(Path, given.get("stats", [])), strict=True)),
            uncertainty=Uncertainty(**getattr(params, "uncertainty", None) or NO_INTERVALS),
        )


NO_INTERVALS = {"bootstrap_samples": 0, "confidence": 0.95, "seed": 0}
"""Of exhibits that compare no runs, such as the statistics of datasets."""
