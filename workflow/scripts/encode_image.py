"""The picture of every item, or of a shard's, to a vector."""

from pathlib import Path

from pydantic import TypeAdapter

from semtok.config.encoders import EncoderEntry
from semtok.data.picture_manifest import read_manifest
from semtok.encoders.images import encode
from semtok.encoders.shards import Shard
from semtok.run.jobs import job

with job(snakemake):
    options = TypeAdapter(EncoderEntry).validate_python(snakemake.params.options)
    manifest = read_manifest(Path(snakemake.input.manifest))
    encode(options, manifest, Shard.of(snakemake.wildcards)).write(**snakemake.output)
