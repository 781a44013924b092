"""Codes and sequences to a trained recommender."""

from pathlib import Path

from semtok.recommenders.train import run
from semtok.run.distributed import launch
from semtok.run.jobs import identity, job

# Each of several processes of a training imports this file.
if __name__ == "__main__":
    with job(snakemake):
        checkpoint = Path(snakemake.output.model).with_name("checkpoint.pt")
        arguments = {
            "options": dict(snakemake.params.options),
            "codes": str(snakemake.input.codes) if snakemake.input.codes else None,
            "interactions": str(snakemake.input.interactions),
            "targets": str(snakemake.input.targets),
            "items": snakemake.input.get("texts") or None,
            "tokenizer_model": snakemake.input.get("tokenizer_model") or None,
            "seed": int(snakemake.wildcards.seed),
            "checkpoint": str(checkpoint),
            "identity": identity(dict(snakemake.params), snakemake.input),
            "model": str(snakemake.output.model),
            "history": str(snakemake.output.history),
        }
        launch(run, arguments, int(snakemake.resources.get("gpu", 0)), snakemake.threads, snakemake.log[0])
        checkpoint.unlink(missing_ok=True)
