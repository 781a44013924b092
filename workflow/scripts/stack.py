"""Table N of every paper, one below the other."""

from pathlib import Path

from semtok.papers.provenance import write_provenance
from semtok.papers.stacked_table import stack
from semtok.run.jobs import job

with job(snakemake) as record:
    stack([Path(path) for path in snakemake.input], Path(snakemake.output.csv))
    write_provenance(record, Path(snakemake.output.provenance))
