"""Write a synthetic world in a dataset's official raw format."""

from typing import TYPE_CHECKING

from semtok.jobs import job

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake):
    from pathlib import Path

    from semtok.data.synthetic import write

    write(snakemake.params.options, Path(snakemake.output[0]))
