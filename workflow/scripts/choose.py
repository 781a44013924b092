"""Trainings of a grid's trials to the options that validate best."""

import pandas as pd

from semtok.recommenders.choose import choose
from semtok.run.files import write_json
from semtok.run.jobs import job

with job(snakemake):
    histories = [pd.read_csv(path) for path in snakemake.input.histories]
    write_json(snakemake.output[0], choose([dict(values) for values in snakemake.params.trials], histories))
