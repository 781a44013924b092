"""Table N of every paper, one below the other."""

from typing import TYPE_CHECKING

from semtok.jobs import job

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake) as record:
    from pathlib import Path

    from semtok.papers.provenance import write_provenance
    from semtok.papers.tables import stack

    stack([Path(path) for path in snakemake.input], Path(snakemake.output.csv))
    write_provenance(record, Path(snakemake.output.provenance))
