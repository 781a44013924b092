"""Sequences, and vectors of texts where there are any, to ranks in the lists that need no training."""

from semtok.config.untrained import UntrainedOptions
from semtok.recommenders.untrained import rank_untrained
from semtok.run.files import atomic_path, read_array, read_table
from semtok.run.jobs import job

with job(snakemake):
    ranks = rank_untrained(
        read_table(snakemake.input.interactions),
        read_table(snakemake.input.targets),
        UntrainedOptions(**snakemake.params.options),
        read_array(snakemake.input.vectors) if snakemake.input.vectors else None,
    )
    with atomic_path(snakemake.output[0]) as temporary:
        ranks.to_parquet(temporary, index=False)
