"""The results as one file for others: a Workflow RO-Crate."""

from typing import TYPE_CHECKING

from semtok.jobs import job

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake):
    from pathlib import Path

    from semtok.papers.crate import make_crate

    make_crate(list(snakemake.input), snakemake.params.config, Path(snakemake.output[0]))
