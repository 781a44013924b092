"""The text of every item to a vector."""

from typing import TYPE_CHECKING

from semtok.jobs import job

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake):
    from pathlib import Path

    from pydantic import TypeAdapter

    from semtok.config.encoders import Encoder
    from semtok.encoders.text import encode, read_texts
    from semtok.files import write_array, write_json

    options = TypeAdapter(Encoder).validate_python(snakemake.params.options)
    fields = snakemake.params.text_fields
    vectors, facts = encode(options, read_texts(Path(snakemake.input.catalogue), fields), fields)
    write_array(snakemake.output.vectors, vectors)
    write_json(snakemake.output.facts, facts)
