"""Ranks to the metrics of one run."""

from semtok.papers.metrics import score_run
from semtok.run.jobs import job

with job(snakemake):
    score_run(snakemake.input[0], snakemake.params.ks, snakemake.output[0])
