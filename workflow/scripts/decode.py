"""A trained recommender to the ranks of the test targets."""

from importlib import import_module

from safetensors.torch import load_file

from semtok.config.recommenders import without
from semtok.recommenders.task import RecommenderTask
from semtok.run.files import atomic_path, read_array, read_table, reading, write_json
from semtok.run.jobs import job

with job(snakemake):
    options = without("training", snakemake.params.options)
    with reading(snakemake.input.model):
        weights = load_file(snakemake.input.model)
    task = RecommenderTask(
        options,
        read_table(snakemake.input.interactions),
        read_table(snakemake.input.targets),
        seed=int(snakemake.wildcards.seed),
        codes=read_array(snakemake.input.codes) if snakemake.input.codes else None,
        items=snakemake.input.get("texts") or None,
        tokenizer_model=snakemake.input.get("tokenizer_model") or None,
    )
    ranks, facts = import_module(options.module).decode(task, weights)
    with atomic_path(snakemake.output.ranks) as temporary:
        ranks.to_parquet(temporary, index=False)
    write_json(snakemake.output.facts, facts)
