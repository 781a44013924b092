"""A figure to the folder of the page that shows it."""

import shutil

from semtok.run.files import atomic_path
from semtok.run.jobs import job

with job(snakemake), atomic_path(snakemake.output[0]) as temporary:
    shutil.copyfile(snakemake.input[0], temporary)
