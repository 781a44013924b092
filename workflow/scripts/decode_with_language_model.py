"""A trained recommender in a language model to the ranks of the test targets."""

from importlib import import_module

from safetensors.torch import load_file

from semtok.recommenders.in_language_model import inputs_of
from semtok.recommenders.language_task import make_task
from semtok.run.files import atomic_path, reading, write_json
from semtok.run.jobs import job

with job(snakemake):
    read, params = snakemake.input, snakemake.params
    with reading(read.model):
        weights = load_file(read.model)
    task = make_task(
        params.options,
        "training",
        codes=str(read.codes) if read.codes else None,
        interactions=str(read.interactions),
        targets=str(read.targets),
        seed=int(snakemake.wildcards.seed),
        **inputs_of(read, params),
    )
    ranks, facts = import_module(task.options.module).decode(task, weights)
    with atomic_path(snakemake.output.ranks) as temporary:
        ranks.to_parquet(temporary, index=False)
    write_json(snakemake.output.facts, facts)
