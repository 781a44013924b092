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
        "lc-rec": {"codebook_size": 8, "hidden_dims": [16], "latent_dim": 8, "steps": 2},
    },
    "recommenders": {
        "store": {
            "model": {"lora_rank": 2, "code_embeddings": "centroids"},
            "training": {"epochs": 1, "validation_every": 1, "validation_users": 4, "alignment_items": 8},
            "decoding": {"certify_users": 2},
        },
        "lc-rec": {
            "model": {"lora_rank": 2},
            "training": {"epochs": 1, "samples_per_epoch": 64, "validation_every": 1, "validation_users": 4},
            "decoding": {"certify_users": 2},
        },
        "p5": {"model": {"lora_rank": 2}, "training": {"epochs": 1, "validation_every": 1}},
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


RUN = "results/recommenders/mind/{}/0/ranks.parquet"


def jobs(run: str, *names: str) -> set[Job]:
    tokenizer, recommender = run.split("/")
    return {Job(name, f"dataset=mind, tokenizer={tokenizer}, recommender={recommender}, seed=0") for name in names}


IN_MODEL = ("train_with_language_model", "decode_with_language_model")


def test_the_jobs_of_a_recommender_in_a_language_model(project: Project):
    assert project.planned(RUN.format("store/store")) == DATA | MODEL | DENSE | STORE | jobs("store/store", *IN_MODEL)
    # P5 has no codes, and does not start from the dense tokenizer.
    assert project.planned(RUN.format("ids/p5")) == DATA | MODEL | jobs("ids/p5", *IN_MODEL)
    # Others go on as they did.
    assert jobs("store/tiger", "train", "decode") < project.planned(RUN.format("store/tiger"))
    # With a published model, the dense tokenizer of another one has no weights to start from.
    project.edit_config("recommenders.store.language_model", "opt-350m")
    told = project.snakemake("-n", "--", RUN.format("store/store"), check=False).stderr
    assert "share_weights: found dense-opt; expected a dense tokenizer of the language model opt-350m" in told
    project.edit_config("recommenders.store.language_model", "opt")


def test_store_from_raw_data_to_ranks_and_what_remakes_them(project: Project):
    file = RUN.format("store/store")
    project.snakemake("--cores", "2", "--", file)
    ranks = pd.read_parquet(project.root / file)
    assert len(ranks) > 20
    assert ranks["top"].map(len).eq(50).all()
    folder = (project.root / file).parent
    assert not list(folder.glob("*checkpoint*"))
    # What was trained is small beside the language model, and holds no word.
    assert 0 < (folder / "model.safetensors").stat().st_size < 200_000

    assert project.planned(file) == set()
    project.edit_config("recommenders.store.decoding.beam_size", 55)
    assert project.planned(file) == jobs("store/store", "decode_with_language_model")
    project.edit_config("recommenders.store.training.alignment_items", 9)
    assert project.planned(file) == jobs("store/store", *IN_MODEL)
    project.edit_config("encoders.dense-opt.lora_rank", 4)
    assert project.planned(file) == DENSE | STORE | jobs("store/store", *IN_MODEL)
    project.edit_config("datasets.mind.attributes", {"content": ["abstract"], "generated": ["category"]})
    assert project.planned(file) == MODEL | DENSE | STORE | jobs("store/store", *IN_MODEL)


@pytest.mark.slow
def test_the_other_recommenders_in_a_language_model(project: Project):
    pairs = ("lc-rec/lc-rec", "ids/p5", "store/store-no-alignment")
    files = [RUN.format(pair) for pair in pairs]
    project.snakemake("--cores", "1", "--", *files)
    for pair, file in zip(pairs, files, strict=True):
        ranks = pd.read_parquet(project.root / file)
        assert len(ranks) > 20
        facts = read_json((project.root / file).with_name("decoding.json"))
        # LC-Rec's constraint lets it write codes that no item has.
        writes_others = pair == "lc-rec/lc-rec"
        assert (facts.get("invalid_rate", 0) > 0) == writes_others
        assert ranks["top"].map(len).eq(50).all() != writes_others
    assert project.planned(*files) == set()
