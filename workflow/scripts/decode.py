"""A trained recommender to the ranks of the test targets."""

from typing import TYPE_CHECKING

from semtok.jobs import job

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake):
    from importlib import import_module

    import pandas as pd
    from pydantic import TypeAdapter
    from safetensors.torch import load_file

    from semtok.config.recommenders import RecommenderDecoding
    from semtok.files import atomic_path, read_array, write_json
    from semtok.recommenders import DECODING

    options = TypeAdapter(RecommenderDecoding).validate_python(snakemake.params.options)
    ranks, facts = import_module(DECODING[options.method]).decode(
        options,
        load_file(snakemake.input.model),
        read_array(snakemake.input.codes) if snakemake.input.codes else None,
        pd.read_parquet(snakemake.input.interactions),
        pd.read_parquet(snakemake.input.targets),
        seed=int(snakemake.wildcards.seed),
    )
    with atomic_path(snakemake.output.ranks) as temporary:
        ranks.to_parquet(temporary, index=False)
    write_json(snakemake.output.facts, facts)
