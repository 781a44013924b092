"""Who took which item in train, to a vector an item."""

from importlib import import_module

import pyarrow.parquet as pq
from pydantic import TypeAdapter

from semtok.config.encoders import EncoderEntry
from semtok.encoders.train_interactions import read_train
from semtok.run.files import write_array, write_json
from semtok.run.jobs import job

with job(snakemake):
    options = TypeAdapter(EncoderEntry).validate_python(snakemake.params.options)
    vectors, facts = import_module(options.module).encode(
        options,
        read_train(snakemake.input.interactions),
        n_items=pq.read_metadata(snakemake.input.catalogue).num_rows,
    )
    write_array(snakemake.output.vectors, vectors)
    write_json(snakemake.output.facts, facts)
