"""The results as one file for others: a Workflow RO-Crate."""

from pathlib import Path

from semtok.papers.crate import make_crate
from semtok.run.jobs import job

with job(snakemake):
    params = snakemake.params
    make_crate(list(snakemake.input), params.sources, params.config, Path(snakemake.output[0]))
