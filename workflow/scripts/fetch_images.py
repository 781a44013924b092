"""The pictures of the items, and a manifest of them."""

from pathlib import Path

from semtok.config.data import Images
from semtok.data.picture_manifest import fetch_images, write_manifest
from semtok.run.files import read_table
from semtok.run.jobs import job

with job(snakemake):
    target = Path(snakemake.output.manifest)
    manifest = fetch_images(
        read_table(snakemake.input.catalogue),
        Images.model_validate(snakemake.params.options),
        source=snakemake.params.source,
        root=Path(snakemake.params.folder),
        store=target.with_name("fetched"),
    )
    write_manifest(target, manifest)
