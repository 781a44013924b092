"""Metrics, histories or codes to a figure: its numbers, its pictures and its caption."""

from pathlib import Path

from semtok.papers.figures.make import make_figure
from semtok.papers.results import Results
from semtok.run.jobs import job

with job(snakemake):
    csv, *files = map(Path, snakemake.output)
    make_figure(Results.of_job(snakemake), csv, files)
