"""The attributes of every item, by a language model that learns to, to dense tokens."""

from pathlib import Path

import pandas as pd
from pydantic import TypeAdapter
from safetensors.torch import save

from semtok.config.data import Attributes
from semtok.config.language_encoders import DenseTokenizerEncoder
from semtok.config.language_models import LanguageModelEntry
from semtok.encoders.attributes import read_attributes
from semtok.encoders.dense_training import encode
from semtok.encoders.language_models import facts_of, load
from semtok.run.files import atomic_path, write_array, write_json
from semtok.run.jobs import identity, job

with job(snakemake):
    output, params = snakemake.output, snakemake.params
    options = DenseTokenizerEncoder.model_validate(params.options)
    model_options = TypeAdapter(LanguageModelEntry).validate_python(params.language_model)
    attributes = Attributes.model_validate(params.attributes)
    checkpoint = Path(output.vectors).with_suffix(".checkpoint.pt")
    dense = encode(
        options,
        load(model_options, snakemake.input.get("language_model") or []),
        read_attributes(snakemake.input.catalogue, attributes),
        attributes,
        checkpoint,
        identity(dict(params), snakemake.input),
    )
    write_array(output.vectors, dense.vectors)
    with atomic_path(output.model) as temporary:
        temporary.write_bytes(save(dense.weights))
    with atomic_path(output.history) as temporary:
        pd.DataFrame(dense.history).to_csv(temporary, index=False)
    write_json(output.facts, dense.facts | facts_of(model_options, options.language_model))
    checkpoint.unlink(missing_ok=True)
