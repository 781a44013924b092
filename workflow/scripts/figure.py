"""Ranks, histories or codes to a figure: its numbers and its pictures."""

from pathlib import Path

from semtok.papers.figures.make import make_figure
from semtok.papers.results import Results
from semtok.run.jobs import job

with job(snakemake):
    pictures = [Path(snakemake.output.svg), Path(snakemake.output.pdf)]
    make_figure(Results.of_job(snakemake), Path(snakemake.output.csv), pictures)
