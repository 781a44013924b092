"""Item vectors to codes."""

from pathlib import Path

from pydantic import TypeAdapter

from semtok.config.tokenizers import TokenizerEntry, encoders_of
from semtok.run.jobs import identity, job
from semtok.tokenizers.train import tokenize, write_tokens

with job(snakemake):
    # Snakemake gives a single file as text, several as a list, and none as an empty list.
    vectors = snakemake.input.get("vectors") or []
    paths = [vectors] if isinstance(vectors, str) else vectors
    options, output = dict(snakemake.params.options), snakemake.output
    if codes := snakemake.input.get("codes"):
        # Codes that a user brings may lie in the mirror, whose folder is in no params.
        options["path"] = codes
    checkpoint = Path(output.codes).with_name("checkpoint.pt")
    tokens = tokenize(
        TypeAdapter(TokenizerEntry).validate_python(options),
        snakemake.input.catalogue,
        dict(zip(encoders_of(options), paths, strict=True)),
        int(snakemake.wildcards.seed),
        checkpoint,
        identity(dict(snakemake.params), snakemake.input),
    )
    write_tokens(tokens, output.codes, output.model, output.history, output.raw_codes)
    checkpoint.unlink(missing_ok=True)
