"""The shards of a catalogue's text vectors to one array."""

from pathlib import Path

from semtok.config.encoders import SentenceTransformersEncoder
from semtok.encoders.text import gather_shards, read_texts
from semtok.run.files import read_json, write_json
from semtok.run.jobs import job

with job(snakemake):
    fields = snakemake.params.text_fields
    facts = gather_shards(
        SentenceTransformersEncoder.model_validate(snakemake.params.options),
        read_texts(Path(snakemake.input.catalogue), fields),
        fields,
        [Path(path) for path in snakemake.input.vectors],
        [read_json(path) for path in snakemake.input.facts],
        Path(snakemake.output.vectors),
    )
    write_json(snakemake.output.facts, facts)
