"""A recommender over plain item ids to a vector an item."""

from semtok.config.encoders import RecommenderItemsEncoder
from semtok.encoders.recommender_items import encode_items
from semtok.run.files import read_table, write_array, write_json
from semtok.run.jobs import job

with job(snakemake):
    options = RecommenderItemsEncoder.model_validate(snakemake.params.options)
    vectors, facts = encode_items(options, snakemake.input.model, read_table(snakemake.input.interactions))
    write_array(snakemake.output.vectors, vectors)
    write_json(snakemake.output.facts, facts)
