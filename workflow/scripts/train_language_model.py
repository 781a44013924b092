"""The texts of a dataset's items to a language model."""

from pathlib import Path

import pandas as pd

from semtok.config.data import Attributes
from semtok.config.language_models import CorpusModel
from semtok.encoders.attributes import read_attributes
from semtok.encoders.corpus_language_model import train_language_model
from semtok.encoders.language_models import write_language_model
from semtok.run.files import atomic_path, write_json
from semtok.run.jobs import identity, job

with job(snakemake):
    output = snakemake.output
    attributes = Attributes.model_validate(snakemake.params.attributes)
    checkpoint = Path(output.weights).with_name("checkpoint.pt")
    model, history, facts = train_language_model(
        CorpusModel.model_validate(snakemake.params.options),
        read_attributes(snakemake.input.catalogue, attributes),
        attributes,
        checkpoint,
        identity(dict(snakemake.params), snakemake.input),
    )
    write_language_model(model, output.config, output.weights, output.vocabulary)
    with atomic_path(output.history) as temporary:
        pd.DataFrame(history).to_csv(temporary, index=False)
    write_json(output.facts, facts)
    checkpoint.unlink(missing_ok=True)
