"""The pictures of a shard of the items to vectors."""

from pathlib import Path

from semtok.config.encoders import TimmEncoder
from semtok.data.images import read_manifest
from semtok.encoders.images import encode_shard
from semtok.encoders.shards import Shard
from semtok.run.files import write_array, write_json
from semtok.run.jobs import job

with job(snakemake):
    options = TimmEncoder.model_validate(snakemake.params.options)
    shard = Shard(int(snakemake.wildcards.shard), int(snakemake.wildcards.shards))
    vectors, facts = encode_shard(options, read_manifest(Path(snakemake.input.manifest)), shard)
    write_array(snakemake.output.vectors, vectors)
    write_json(snakemake.output.facts, facts)
