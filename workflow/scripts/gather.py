"""The vectors of a catalogue's shards to one array."""

from pathlib import Path

from semtok.encoders.shards import EncodedShard, gather
from semtok.run.files import write_json
from semtok.run.jobs import job

with job(snakemake):
    files = zip(snakemake.input.vectors, snakemake.input.rows, snakemake.input.facts, strict=True)
    write_json(
        snakemake.output.facts, gather([EncodedShard.read(*names) for names in files], Path(snakemake.output.vectors))
    )
