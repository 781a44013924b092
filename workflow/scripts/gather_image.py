"""The shards of a catalogue's image vectors to one array."""

from pathlib import Path

from semtok.config.encoders import TimmEncoder
from semtok.data.images import read_manifest
from semtok.encoders.images import gather_shards
from semtok.run.files import read_json, write_json
from semtok.run.jobs import job

with job(snakemake):
    facts = gather_shards(
        TimmEncoder.model_validate(snakemake.params.options),
        read_manifest(Path(snakemake.input.manifest)),
        [Path(path) for path in snakemake.input.vectors],
        [read_json(path) for path in snakemake.input.facts],
        Path(snakemake.output.vectors),
    )
    write_json(snakemake.output.facts, facts)
