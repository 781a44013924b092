"""Fetch one official file."""

from semtok.data.download import download
from semtok.run.jobs import job

with job(snakemake):
    download(snakemake.params.url, snakemake.output[0], snakemake.params.lock)
