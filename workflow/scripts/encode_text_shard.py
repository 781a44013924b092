"""The text of a shard of the items to vectors."""

from pathlib import Path

from semtok.config.encoders import SentenceTransformersEncoder
from semtok.encoders.shards import Shard
from semtok.encoders.text import encode_shard, read_texts
from semtok.run.files import write_array, write_json
from semtok.run.jobs import job

with job(snakemake):
    options = SentenceTransformersEncoder.model_validate(snakemake.params.options)
    fields = snakemake.params.text_fields
    shard = Shard(int(snakemake.wildcards.shard), int(snakemake.wildcards.shards))
    vectors, facts = encode_shard(options, read_texts(Path(snakemake.input.catalogue), fields), fields, shard)
    write_array(snakemake.output.vectors, vectors)
    write_json(snakemake.output.facts, facts)
