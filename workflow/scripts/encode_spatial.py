"""A graph of places to a vector an item."""

from pathlib import Path

from pydantic import TypeAdapter
from scipy import sparse

from semtok.config.encoders import EncoderEntry
from semtok.encoders.spatial import encode
from semtok.run.files import read_table, reading, write_array, write_json
from semtok.run.jobs import identity, job

with job(snakemake):
    checkpoint = Path(snakemake.output.vectors).with_suffix(".checkpoint.pt")
    with reading(snakemake.input.graph):
        graph = sparse.load_npz(snakemake.input.graph)
    vectors, facts = encode(
        TypeAdapter(EncoderEntry).validate_python(snakemake.params.options),
        read_table(snakemake.input.catalogue),
        graph,
        checkpoint,
        identity(dict(snakemake.params), snakemake.input),
    )
    write_array(snakemake.output.vectors, vectors)
    write_json(snakemake.output.facts, facts)
    checkpoint.unlink(missing_ok=True)
