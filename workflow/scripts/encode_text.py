"""The text of every item to a vector."""

from typing import TYPE_CHECKING

from semtok.jobs import job

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake):
    from pydantic import TypeAdapter

    from semtok.config.encoders import Encoder
    from semtok.encoders.text import encode
    from semtok.files import read_table, write_array, write_json

    options = TypeAdapter(Encoder).validate_python(snakemake.params.options)
    vectors, facts = encode(options, read_table(snakemake.input.catalogue), snakemake.params.text_fields)
    write_array(snakemake.output.vectors, vectors)
    write_json(snakemake.output.facts, facts)
