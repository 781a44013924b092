"""Codes and sequences to a trained recommender."""

from typing import TYPE_CHECKING

from semtok.jobs import identity, job

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake):
    from importlib import import_module
    from pathlib import Path

    from pydantic import TypeAdapter
    from safetensors.torch import save_file

    from semtok.config.recommenders import RecommenderTraining
    from semtok.files import atomic_path, read_array, read_table
    from semtok.recommenders import TRAINING

    checkpoint = Path(snakemake.output.model).with_name("checkpoint.pt")
    options = TypeAdapter(RecommenderTraining).validate_python(snakemake.params.options)
    weights, history = import_module(TRAINING[options.method]).train(
        options,
        read_array(snakemake.input.codes) if snakemake.input.codes else None,
        read_table(snakemake.input.interactions),
        read_table(snakemake.input.targets),
        seed=int(snakemake.wildcards.seed),
        checkpoint_path=checkpoint,
        identity=identity(dict(snakemake.params), snakemake.input),
    )
    with atomic_path(snakemake.output.model) as temporary:
        save_file(weights, temporary)
    with atomic_path(snakemake.output.history) as temporary:
        history.to_csv(temporary, index=False)
    checkpoint.unlink(missing_ok=True)
