"""The text of every item to a vector."""

from pathlib import Path

from pydantic import TypeAdapter

from semtok.config.encoders import Encoder
from semtok.encoders.text import encode, read_texts
from semtok.run.files import write_array, write_json
from semtok.run.jobs import job

with job(snakemake):
    options = TypeAdapter(Encoder).validate_python(snakemake.params.options)
    fields = snakemake.params.text_fields
    vectors, facts = encode(options, read_texts(Path(snakemake.input.catalogue), fields), fields)
    write_array(snakemake.output.vectors, vectors)
    write_json(snakemake.output.facts, facts)
