"""The picture of every item to a vector."""

from pathlib import Path

from pydantic import TypeAdapter

from semtok.config.encoders import Encoder
from semtok.data.images import read_manifest
from semtok.encoders.images import encode
from semtok.run.files import write_array, write_json
from semtok.run.jobs import job

with job(snakemake):
    options = TypeAdapter(Encoder).validate_python(snakemake.params.options)
    vectors, facts = encode(options, read_manifest(Path(snakemake.input.manifest)))
    write_array(snakemake.output.vectors, vectors)
    write_json(snakemake.output.facts, facts)
