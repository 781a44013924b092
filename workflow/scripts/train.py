"""Codes and sequences to a trained recommender."""

from typing import TYPE_CHECKING

from semtok.jobs import identity, job

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake):
    from pathlib import Path

    from semtok.launch import launch
    from semtok.recommenders.train import run

    checkpoint = Path(snakemake.output.model).with_name("checkpoint.pt")
    arguments = {
        "options": dict(snakemake.params.options),
        "codes": str(snakemake.input.codes) if snakemake.input.codes else None,
        "interactions": str(snakemake.input.interactions),
        "targets": str(snakemake.input.targets),
        "seed": int(snakemake.wildcards.seed),
        "checkpoint": str(checkpoint),
        "identity": identity(dict(snakemake.params), snakemake.input),
        "model": str(snakemake.output.model),
        "history": str(snakemake.output.history),
    }
    launch(run, arguments, int(snakemake.resources.get("gpu", 0)), snakemake.threads, snakemake.log[0])
    checkpoint.unlink(missing_ok=True)
