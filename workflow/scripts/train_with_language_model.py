"""Codes or plain item ids, and sequences, to a trained recommender in a language model."""

from pathlib import Path

from semtok.recommenders.in_language_model import inputs_of
from semtok.recommenders.language_task import run
from semtok.run.distributed import launch
from semtok.run.jobs import identity, job

# Each of several processes of a training imports this file.
if __name__ == "__main__":
    with job(snakemake):
        read, params = snakemake.input, snakemake.params
        checkpoint = Path(snakemake.output.model).with_name("checkpoint.pt")
        task = {
            "options": dict(params.options),
            "codes": str(read.codes) if read.codes else None,
            "interactions": str(read.interactions),
            "targets": str(read.targets),
            "seed": int(snakemake.wildcards.seed),
            "tokenizer_model": read.get("tokenizer_model") or None,
            **inputs_of(read, params),
        }
        arguments = {
            "task": task,
            "checkpoint": str(checkpoint),
            "identity": identity(dict(params), read),
            "model": str(snakemake.output.model),
            "history": str(snakemake.output.history),
        }
        launch(run, arguments, int(snakemake.resources.get("gpu", 0)), snakemake.threads, snakemake.log[0])
        checkpoint.unlink(missing_ok=True)
