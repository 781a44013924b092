"""Statistics of the datasets, printed beside ours."""

from typing import TYPE_CHECKING

from semtok.jobs import job

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake) as record:
    from pathlib import Path

    from semtok.papers.provenance import write_provenance
    from semtok.papers.tables import TableFiles, make_statistics_table

    stats = dict(zip(snakemake.params.datasets, map(Path, snakemake.input.get("stats", [])), strict=True))
    make_statistics_table(
        Path(snakemake.params.definition),
        Path(snakemake.params.printed),
        snakemake.wildcards.paper,
        snakemake.wildcards.place,
        stats,
        TableFiles(*(Path(snakemake.output[name]) for name in ("csv", "markdown", "latex", "html"))),
    )
    write_provenance(record, Path(snakemake.output.provenance), Path(snakemake.output.provenance_page))
