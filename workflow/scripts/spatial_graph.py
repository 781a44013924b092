"""Which items lie beside each other, on the map or in what users do."""

from importlib import import_module

from pydantic import TypeAdapter
from scipy import sparse

from semtok.config.encoders import Graph
from semtok.run.files import atomic_path, read_table
from semtok.run.jobs import job

with job(snakemake):
    options = TypeAdapter(Graph).validate_python(snakemake.params.options)
    graph = import_module(options.module).build(
        options,
        read_table(snakemake.input.catalogue),
        snakemake.input.get("interactions") or None,
    )
    with atomic_path(snakemake.output.graph) as temporary:
        sparse.save_npz(temporary, graph)
