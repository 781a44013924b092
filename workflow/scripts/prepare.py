"""Raw files to items, interactions, targets and statistics, and to candidates where the rule asks for them."""

from pathlib import Path

from semtok.data.prepare import Outputs, prepare_dataset
from semtok.run.jobs import job

with job(snakemake):
    made = {name: Path(path) for name, path in snakemake.output.items()}
    outputs = Outputs(items=made.pop("catalogue"), **made)
    raw = [Path(path) for path in snakemake.input]
    if raw[0].is_dir():  # a synthetic world is one folder
        raw = [raw[0] / file["path"] for file in snakemake.params.options["files"]]
    prepare_dataset(snakemake.params.options, snakemake.params.source, raw, outputs)
