"""Item vectors to codes."""

from pathlib import Path

from pydantic import TypeAdapter

from semtok.config.tokenizers import Tokenizer, encoders_of
from semtok.run.jobs import identity, job
from semtok.tokenizers.train import run

with job(snakemake):
    # Snakemake gives a single file as text, several as a list, and none as an empty list.
    vectors = snakemake.input.get("vectors") or []
    paths = [vectors] if isinstance(vectors, str) else vectors
    options, output = dict(snakemake.params.options), snakemake.output
    checkpoint = Path(output.codes).with_name("checkpoint.pt")
    arguments = {
        "options": options,
        "items": str(snakemake.input.catalogue),
        "views": dict(zip(encoders_of(options), map(str, paths), strict=True)),
        "seed": int(snakemake.wildcards.seed),
        "checkpoint": str(checkpoint),
        "identity": identity(dict(snakemake.params), snakemake.input),
        "outputs": {name: str(output[name]) for name in ("codes", "model", "history", "raw_codes")},
    }
    if TypeAdapter(Tokenizer).validate_python(options).trains_on_gpu:
        from semtok.run.launch import launch

        launch(run, arguments, int(snakemake.resources.get("gpu", 0)), snakemake.threads, snakemake.log[0])
    else:
        run(**arguments)
    checkpoint.unlink(missing_ok=True)
