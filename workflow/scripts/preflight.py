"""Ask whether this machine can have what a config takes from elsewhere."""

import os
from pathlib import Path

from semtok.errors import DataError
from semtok.plan.published import PublishedModel
from semtok.run.jobs import job
from semtok.run.preflight import problems

with job(snakemake) as record:
    models = [PublishedModel(*model) for model in snakemake.params.models]
    # Elsewhere than on a cluster a GPU is welcome, and not asked for.
    needs_gpu = "SLURM_JOB_ID" in os.environ and bool(snakemake.resources.gpu)
    found = list(problems(Path(record.results), snakemake.params.addresses, models, needs_gpu=needs_gpu))
    if found:
        raise DataError("\n".join(found))
