"""Ranks and diagnostics to a verdict on each claim."""

from typing import TYPE_CHECKING

from semtok.jobs import job

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake):
    from pathlib import Path

    from semtok.papers.claims import make_claims
    from semtok.papers.inputs import by_run
    from semtok.papers.plan import Cell, coded, runs
    from semtok.papers.samples import Uncertainty

    cells = [Cell.from_dict(cell) for cell in snakemake.params.cells]
    make_claims(
        Path(snakemake.params.definition),
        Path(snakemake.params.printed),
        snakemake.wildcards.paper,
        cells,
        ranks=by_run(runs(cells, "ranks"), snakemake.input.get("ranks", [])),
        stats=dict(zip(snakemake.params.datasets, map(Path, snakemake.input.get("stats", [])), strict=True)),
        diagnostics=by_run(coded(cells), snakemake.input.get("diagnostics", [])),
        histories=by_run(runs(cells, "training"), snakemake.input.get("history", [])),
        uncertainty=Uncertainty(**snakemake.params.uncertainty),
        csv=Path(snakemake.output.csv),
        markdown_path=Path(snakemake.output.markdown),
        html=Path(snakemake.output.html),
    )
