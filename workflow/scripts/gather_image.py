"""The shards of a catalogue's image vectors to one array."""

from typing import TYPE_CHECKING

from semtok.jobs import job

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake):
    from pathlib import Path

    from semtok.config.encoders import TimmEncoder
    from semtok.data.images import read_manifest
    from semtok.encoders.images import gather_shards
    from semtok.files import read_json, write_json

    facts = gather_shards(
        TimmEncoder.model_validate(snakemake.params.options),
        read_manifest(Path(snakemake.input.manifest)),
        [Path(path) for path in snakemake.input.vectors],
        [read_json(path) for path in snakemake.input.facts],
        Path(snakemake.output.vectors),
    )
    write_json(snakemake.output.facts, facts)
