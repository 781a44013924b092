"""Fetch one official file."""

from typing import TYPE_CHECKING

from semtok.jobs import job

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake):
    from semtok.data.download import download

    download(snakemake.params.url, snakemake.output[0], snakemake.params.lock)
