"""The attributes of every item, by a language model as it is, to a vector."""

from pydantic import TypeAdapter

from semtok.config.data import Attributes
from semtok.config.language_encoders import LanguageStatesEncoder
from semtok.config.language_models import LanguageModelEntry
from semtok.encoders.attributes import read_attributes
from semtok.encoders.language_models import facts_of, load
from semtok.encoders.language_states import encode
from semtok.run.files import write_array, write_json
from semtok.run.jobs import job

with job(snakemake):
    options = LanguageStatesEncoder.model_validate(snakemake.params.options)
    model_options = TypeAdapter(LanguageModelEntry).validate_python(snakemake.params.language_model)
    attributes = Attributes.model_validate(snakemake.params.attributes)
    vectors, facts = encode(
        options,
        load(model_options, snakemake.input.get("language_model") or []),
        read_attributes(snakemake.input.catalogue, attributes),
        attributes,
    )
    write_array(snakemake.output.vectors, vectors)
    write_json(snakemake.output.facts, facts | facts_of(model_options, options.language_model))
