"""Ranks to a table of metrics, printed beside ours."""

from typing import TYPE_CHECKING

from semtok.jobs import job

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake) as record:
    from pathlib import Path

    from semtok.papers.inputs import by_run
    from semtok.papers.plan import Cell, coded, runs
    from semtok.papers.provenance import write_provenance
    from semtok.papers.samples import Uncertainty
    from semtok.papers.tables import TableFiles, make_ranking_table

    cells = [Cell.from_dict(cell) for cell in snakemake.params.cells]
    make_ranking_table(
        Path(snakemake.params.definition),
        Path(snakemake.params.printed),
        snakemake.wildcards.paper,
        snakemake.wildcards.place,
        cells,
        ranks=by_run(runs(cells), snakemake.input.get("ranks", [])),
        stats=dict(zip(snakemake.params.datasets, map(Path, snakemake.input.get("stats", [])), strict=True)),
        diagnostics=by_run(coded(cells), snakemake.input.get("diagnostics", [])),
        facts=by_run(runs(cells), snakemake.input.get("facts", [])),
        uncertainty=Uncertainty(**snakemake.params.uncertainty),
        files=TableFiles(*(Path(snakemake.output[name]) for name in ("csv", "markdown", "latex", "html"))),
        diagnostics_csv=Path(snakemake.output.diagnostics),
    )
    write_provenance(record, Path(snakemake.output.provenance), Path(snakemake.output.provenance_page))
