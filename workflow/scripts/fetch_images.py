"""The pictures of the items, and a manifest of them."""

from typing import TYPE_CHECKING

from semtok.jobs import job

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake):
    from pathlib import Path

    from semtok.config.data import Images
    from semtok.data.images import fetch_images, write_manifest
    from semtok.files import read_table

    target = Path(snakemake.output.manifest)
    manifest = fetch_images(
        read_table(snakemake.input.catalogue),
        Images.model_validate(snakemake.params.options),
        source=snakemake.params.source,
        root=Path(snakemake.params.folder),
        store=target.with_name("fetched"),
    )
    write_manifest(target, manifest)
