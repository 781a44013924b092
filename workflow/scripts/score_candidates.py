"""A trained scorer to the scores of the test users' candidates."""

from importlib import import_module

from safetensors.torch import load_file

from semtok.data.candidates import check_labels
from semtok.recommenders.in_language_model import inputs_of
from semtok.recommenders.scorer_task import make_task
from semtok.run.files import atomic_path, reading
from semtok.run.jobs import job

with job(snakemake):
    read, params = snakemake.input, snakemake.params
    with reading(read.model):
        weights = load_file(read.model)
    task = make_task(
        params.options,
        "training",
        interactions=str(read.interactions),
        candidates=str(read.candidates),
        codes=read.get("codes") or None,
        seed=int(snakemake.wildcards.seed),
        **inputs_of(read, params),
    )
    check_labels(task.candidates["clicked"].to_numpy(bool), task.path)
    scored = import_module(task.options.module).score(task, weights)
    with atomic_path(snakemake.output[0]) as temporary:
        scored.to_parquet(temporary, index=False)
