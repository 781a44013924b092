"""Item vectors to codes."""

from typing import TYPE_CHECKING

from semtok.jobs import identity, job

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake):
    from pathlib import Path

    from pydantic import TypeAdapter

    from semtok.config.tokenizers import Tokenizer, encoders_of
    from semtok.tokenizers.train import tokenize, write

    # Snakemake gives a single file as text, several as a list, and none as an empty list.
    vectors = snakemake.input.get("vectors") or []
    paths = [vectors] if isinstance(vectors, str) else vectors
    checkpoint = Path(snakemake.output.codes).with_name("checkpoint.pt")
    tokens = tokenize(
        TypeAdapter(Tokenizer).validate_python(snakemake.params.options),
        items=snakemake.input.catalogue,
        views=dict(zip(encoders_of(snakemake.params.options), paths, strict=True)),
        seed=int(snakemake.wildcards.seed),
        checkpoint=checkpoint,
        identity=identity(dict(snakemake.params), snakemake.input),
    )
    output = snakemake.output
    write(tokens, output.codes, output.model, output.history, output.raw_codes)
    checkpoint.unlink(missing_ok=True)
