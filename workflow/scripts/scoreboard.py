"""Verdicts and tables of all papers to one page."""

from pathlib import Path

from semtok.papers.scoreboard import read_run, write_scoreboard
from semtok.run.jobs import job

with job(snakemake):
    files = [Path(path) for path in snakemake.input]
    write_scoreboard([read_run(Path(snakemake.params.results), files)], Path(snakemake.output[0]))
