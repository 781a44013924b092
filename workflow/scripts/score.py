"""Ranks to the metrics of one run."""

from semtok.papers.scores import score_run
from semtok.run.jobs import job

with job(snakemake):
    score_run(snakemake.input.ranks, snakemake.params.ks, snakemake.output.means, snakemake.output.users)
