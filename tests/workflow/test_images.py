"""From drawn pictures to image vectors, and what an edit of the image options reruns."""

import json

import numpy as np
import pandas as pd
import pytest

from support.project import Job, Project, copy_of_the_project

VECTORS = "results/encoders/mind/vit-untrained.npy"
FETCH = Job("fetch_images", "dataset=mind")
ENCODE = Job("encode_image", "dataset=mind, encoder=vit-untrained")


def with_pictures(project: Project) -> Project:
    project.edit_config("datasets.mind.images", {"folder": "pictures"})
    project.edit_config("datasets.mind.synthetic.pictures", True)
    project.edit_config("tokenizers.cost.encoder", "vit-untrained")
    return project


@pytest.fixture(scope="module")
def encoded(tmp_path_factory) -> Project:
    project = with_pictures(copy_of_the_project(tmp_path_factory.mktemp("images") / "project"))
    project.snakemake("--cores", "1", "--", VECTORS)
    return project


def test_a_tokenizer_with_an_image_view_gets_its_pictures(tmp_path):
    planned = with_pictures(copy_of_the_project(tmp_path / "project")).planned()
    assert {FETCH, ENCODE, Job("tokenize", "dataset=mind, tokenizer=cost, seed=0")} <= planned
    without = copy_of_the_project(tmp_path / "without").planned()
    assert not {"fetch_images", "encode_image"} & {job.rule for job in without}


def test_another_seed_encodes_and_fetches_nothing(encoded):
    assert not {FETCH, ENCODE} & encoded.planned()
    encoded.edit_config("encoders.vit-untrained.seed", 1)
    try:
        assert encoded.planned() & {FETCH, ENCODE} == {ENCODE}
    finally:
        encoded.edit_config("encoders.vit-untrained.seed", 0)


def test_another_limit_fetches_and_the_text_model_does_not(encoded):
    before = encoded.planned()
    encoded.edit_config("datasets.mind.images", {"folder": "pictures", "max_bytes": 9_000_000})
    try:
        assert encoded.planned() - before == {FETCH, ENCODE}
    finally:
        encoded.edit_config("datasets.mind.images", {"folder": "pictures"})
    encoded.edit_config("encoders.tfidf.dimensions", 12)
    assert not {FETCH, ENCODE} & encoded.planned()


def test_the_vectors_the_facts_and_the_manifest_agree(encoded):
    manifest = pd.read_csv(encoded.root / "results/images/mind/images.csv")
    facts = json.loads((encoded.root / VECTORS.replace(".npy", ".json")).read_text())
    vectors = np.load(encoded.root / VECTORS)
    assert vectors.shape == (len(manifest), facts["dimensions"])
    assert set(manifest["status"]) == {"ok"}
    assert facts["pictures"] == {"ok": len(manifest)}
    assert facts["untrained"] is True
    assert not np.isnan(vectors).any()


def test_a_dataset_without_pictures_is_told_before_any_job(tmp_path):
    project = with_pictures(copy_of_the_project(tmp_path / "project"))
    project.edit_config("datasets.mind.images", None)
    done = project.snakemake("--dry-run", "--cores", "1", check=False)
    assert done.returncode != 0
    assert "datasets.mind.images: found nothing" in done.stdout + done.stderr
