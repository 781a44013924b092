"""STORE's tokenizers from raw data to codes: which jobs they are, and what runs again after which change."""

import numpy as np
import pandas as pd
import pytest

from semtok.run.files import read_json
from support.project import TINY, Job, Project, copy_of_the_project

SMALL = TINY | {
    "language_models": {
        "opt": {
            **{"vocabulary": 400, "n_layers": 1, "n_heads": 2, "hidden_dim": 16, "inner_dim": 16},
            **{"window": 32, "epochs": 1},
        }
    },
    "encoders": {"dense-opt": {"lora_rank": 2, "epochs": 1}},
    "tokenizers": {
        "store": {"codebook_size": 8, "components": 4, "initializations": 1},
        "store-rqvae": {"codebook_size": 8, "hidden_dims": [16], "latent_dim": 8, "steps": 2},
    },
}
FOLDER = "results/tokenizers/mind"
CODES = (f"{FOLDER}/store/0/codes.npy", f"{FOLDER}/store-rqvae/0/codes.npy")
MODEL = {Job("train_language_model", "dataset=mind, language_model=opt")}
DENSE = {Job("encode_dense", "dataset=mind, encoder=dense-opt, seed=0")}
STATES = {Job("encode_language", "dataset=mind, encoder=opt-states")}
STORE = {Job("tokenize", "dataset=mind, tokenizer=store, seed=0")}
RQVAE = {Job("tokenize", "dataset=mind, tokenizer=store-rqvae, seed=0")}
DATA = {Job("synthesize", "dataset=mind"), Job("prepare", "dataset=mind")}


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Project:
    return copy_of_the_project(tmp_path_factory.mktemp("store") / "project", SMALL)


def test_the_jobs_of_the_codes(project: Project):
    assert project.planned(*CODES) == DATA | MODEL | DENSE | STATES | STORE | RQVAE
    assert project.planned(CODES[0]) == DATA | MODEL | DENSE | STORE
    # A published model is nobody's output.
    project.edit_config("encoders.dense-opt.language_model", "opt-350m")
    assert project.planned(CODES[0]) == DATA | DENSE | STORE
    project.edit_config("encoders.dense-opt.language_model", "opt")


@pytest.mark.slow
def test_codes_and_what_remakes_them(project: Project):
    project.snakemake("--cores", "1", "--", *CODES)
    n_items = len(pd.read_parquet(project.root / "results/data/mind/items.parquet"))
    for codes in CODES:
        assert np.load(project.root / codes).shape == (n_items, 4)
    encoders = project.root / "results/encoders/mind"
    facts = read_json(encoders / "dense-opt-seed0.json")
    assert (facts["language_model"], facts["language_model_source"]) == ("opt", "corpus")
    assert set(facts["held_out_answers"]) == {"title", "abstract", "category", "subcategory"}
    assert not list(encoders.rglob("*checkpoint*"))

    assert project.planned(*CODES) == set()
    project.edit_config("tokenizers.store.codebook_size", 6)
    assert project.planned(*CODES) == STORE
    project.edit_config("encoders.dense-opt.lora_rank", 3)
    assert project.planned(*CODES) == DENSE | STORE
    project.edit_config("datasets.mind.attributes", {"content": ["title"], "generated": ["category"]})
    assert project.planned(*CODES) == MODEL | DENSE | STATES | STORE | RQVAE
