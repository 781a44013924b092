"""Table N of every paper, one below the other."""

from typing import TYPE_CHECKING

from semtok.jobs import job

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake.log[0], snakemake.threads):
    from pathlib import Path

    from semtok.papers.tables import stack

    stack([Path(path) for path in snakemake.input], Path(snakemake.output[0]))
