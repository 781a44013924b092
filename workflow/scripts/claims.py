"""Metrics, diagnostics and histories to verdicts on a paper's claims."""

from pathlib import Path

from semtok.papers.claims import ClaimFiles, make_claims
from semtok.papers.results import Results
from semtok.run.jobs import job

with job(snakemake):
    files = ClaimFiles(**{name: Path(path) for name, path in snakemake.output.items()})
    make_claims(Results.of_job(snakemake), files)
