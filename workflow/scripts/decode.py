"""A trained recommender to the ranks of the test targets."""

from importlib import import_module

from safetensors.torch import load_file

from semtok.config.recommenders import without
from semtok.run.files import atomic_path, read_array, read_table, reading, write_json
from semtok.run.jobs import job

with job(snakemake):
    options = without("training", snakemake.params.options)
    with reading(snakemake.input.model):
        weights = load_file(snakemake.input.model)
    ranks, facts = import_module(options.decoding_module).decode(
        options,
        weights,
        read_array(snakemake.input.codes) if snakemake.input.codes else None,
        read_table(snakemake.input.interactions),
        read_table(snakemake.input.targets),
        seed=int(snakemake.wildcards.seed),
    )
    with atomic_path(snakemake.output.ranks) as temporary:
        ranks.to_parquet(temporary, index=False)
    write_json(snakemake.output.facts, facts)
