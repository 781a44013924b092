"""Ranks to the metrics of one run."""

from typing import TYPE_CHECKING

from semtok.jobs import job

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake):
    from semtok.papers.metrics import score_run

    score_run(snakemake.input[0], snakemake.params.ks, snakemake.output[0])
