"""The text of every item, or of a shard's, to a vector."""

from pathlib import Path

from pydantic import TypeAdapter

from semtok.config.encoders import EncoderEntry
from semtok.encoders.shards import Shard
from semtok.encoders.text import encode, read_texts
from semtok.run.jobs import job

with job(snakemake):
    options = TypeAdapter(EncoderEntry).validate_python(snakemake.params.options)
    fields = snakemake.params.text_fields
    items = read_texts(Path(snakemake.input.catalogue), fields)
    encode(options, items, fields, Shard.of(snakemake.wildcards)).write(**snakemake.output)
