"""Metrics, diagnostics and histories to verdicts on a paper's claims."""

from pathlib import Path

from semtok.papers.claims import make_claims
from semtok.papers.results import Results
from semtok.run.jobs import job

with job(snakemake):
    files = [Path(snakemake.output[name]) for name in ("csv", "markdown", "html")]
    make_claims(Results.of_job(snakemake), files, Path(snakemake.output.comparisons))
