"""Verdicts and tables of all papers to one page."""

from pathlib import Path

from semtok.papers.scoreboard import write_scoreboard
from semtok.papers.workflow_run import read_run
from semtok.run.jobs import job

with job(snakemake):
    page = Path(snakemake.output[0])
    results = page.parents[1]
    write_scoreboard([read_run(results, [Path(path) for path in snakemake.input])], page)
