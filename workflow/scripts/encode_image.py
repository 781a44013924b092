"""The picture of every item to a vector."""

from typing import TYPE_CHECKING

from semtok.jobs import job

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake):
    from pathlib import Path

    from pydantic import TypeAdapter

    from semtok.config.encoders import Encoder
    from semtok.data.images import read_manifest
    from semtok.encoders.images import encode
    from semtok.files import write_array, write_json

    options = TypeAdapter(Encoder).validate_python(snakemake.params.options)
    vectors, facts = encode(options, read_manifest(Path(snakemake.input.manifest)))
    write_array(snakemake.output.vectors, vectors)
    write_json(snakemake.output.facts, facts)
