"""Scores of candidates to what every user's list earns."""

from semtok.papers.candidates import evaluate_lists
from semtok.run.jobs import job

with job(snakemake):
    evaluate_lists(snakemake.input[0], snakemake.output[0])
