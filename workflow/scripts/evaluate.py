"""Ranks to the metrics of one run."""

from semtok.papers.metrics import evaluate_run
from semtok.run.jobs import job

with job(snakemake):
    evaluate_run(snakemake.input.ranks, snakemake.params.ks, snakemake.output.means, snakemake.output.users)
