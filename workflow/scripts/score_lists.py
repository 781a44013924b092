"""Scores of candidates to what every user's list earns."""

from semtok.papers.candidates import score_lists
from semtok.run.jobs import job

with job(snakemake):
    score_lists(snakemake.input[0], snakemake.output[0])
