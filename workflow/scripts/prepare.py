"""Raw files to items, interactions, targets and statistics."""

from typing import TYPE_CHECKING

from semtok.jobs import job

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake):
    from pathlib import Path

    from semtok.data.prepare import Outputs, prepare

    outputs = Outputs(*(Path(snakemake.output[name]) for name in ("catalogue", "interactions", "targets", "stats")))
    raw = [Path(path) for path in snakemake.input]
    if raw[0].is_dir():  # a synthetic world is one folder
        raw = [raw[0] / file["path"] for file in snakemake.params.options["files"]]
    prepare(snakemake.params.options, snakemake.params.source, raw, outputs)
