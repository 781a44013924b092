"""The shards of a catalogue's text vectors to one array."""

from typing import TYPE_CHECKING

from semtok.jobs import job

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake):
    from pathlib import Path

    from semtok.config.encoders import SentenceTransformersEncoder
    from semtok.encoders.text import gather_shards, read_texts
    from semtok.files import read_json, write_json

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
