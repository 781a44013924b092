"""The pictures of a shard of the items to vectors."""

from typing import TYPE_CHECKING

from semtok.jobs import job

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake):
    from pathlib import Path

    from semtok.config.encoders import TimmEncoder
    from semtok.data.images import read_manifest
    from semtok.encoders.images import encode_shard
    from semtok.encoders.shards import Shard
    from semtok.files import write_array, write_json

    options = TimmEncoder.model_validate(snakemake.params.options)
    shard = Shard(int(snakemake.wildcards.shard), int(snakemake.wildcards.shards))
    vectors, facts = encode_shard(options, read_manifest(Path(snakemake.input.manifest)), shard)
    write_array(snakemake.output.vectors, vectors)
    write_json(snakemake.output.facts, facts)
