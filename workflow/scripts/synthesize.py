"""Write a synthetic world in a dataset's official raw format."""

from pathlib import Path

from semtok.data.synthetic import write
from semtok.run.jobs import job

with job(snakemake):
    write(snakemake.params.options, Path(snakemake.output[0]))
