"""What users were shown, scored by a language model as it is."""

from pydantic import TypeAdapter

from semtok.config.data import Attributes
from semtok.config.language_models import LanguageModelEntry
from semtok.config.scorers import ZeroShotScorer
from semtok.data.candidates import check_labels
from semtok.encoders.attributes import read_attributes
from semtok.encoders.language_models import load, load_masked
from semtok.recommenders.zero_shot import score
from semtok.run.files import atomic_path, read_table
from semtok.run.jobs import job

with job(snakemake):
    given, attributes = snakemake.input, Attributes.model_validate(snakemake.params.attributes)
    model_options = TypeAdapter(LanguageModelEntry).validate_python(snakemake.params.language_model)
    read_model = load_masked if model_options.architecture == "bert" else load
    candidates = read_table(given.candidates)
    check_labels(candidates["clicked"].to_numpy(bool), given.candidates)
    scored = score(
        ZeroShotScorer.model_validate(snakemake.params.options),
        read_model(model_options, given.get("language_model") or []),
        read_attributes(given.catalogue, attributes),
        attributes,
        read_table(given.interactions),
        candidates,
    )
    with atomic_path(snakemake.output[0]) as temporary:
        scored.to_parquet(temporary, index=False)
