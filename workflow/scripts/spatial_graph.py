"""Which items lie beside each other, on the map or in what users do."""

from typing import TYPE_CHECKING

from semtok.jobs import job

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake):
    from importlib import import_module

    from pydantic import TypeAdapter
    from scipy import sparse

    from semtok.config.encoders import Graph
    from semtok.encoders import GRAPHS
    from semtok.files import atomic_path, read_table

    options = TypeAdapter(Graph).validate_python(snakemake.params.options)
    graph = import_module(GRAPHS[options.method]).build(
        options,
        read_table(snakemake.input.catalogue),
        snakemake.input.get("interactions") or None,
    )
    with atomic_path(snakemake.output.graph) as temporary:
        sparse.save_npz(temporary, graph)
