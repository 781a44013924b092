"""From drawn pictures to image vectors. What an edit of their options reruns: test_city_reruns.py."""

import json

import numpy as np
import pandas as pd

from support.project import Job, Project, copy_of_the_project

FETCH = Job("fetch_images", "dataset=mind")
ENCODE = Job("encode_image", "dataset=mind, encoder=vit-untrained")


def with_pictures(project: Project) -> Project:
    project.edit_config("datasets.mind.images", {"folder": "pictures"})
    project.edit_config("datasets.mind.synthetic.pictures", True)
    project.edit_config("tokenizers.cost.encoder", "vit-untrained")
    return project


def test_a_tokenizer_with_an_image_view_gets_its_pictures(tmp_path):
    planned = with_pictures(copy_of_the_project(tmp_path / "project")).planned()
    assert {FETCH, ENCODE, Job("tokenize", "dataset=mind, tokenizer=cost, seed=0")} <= planned
    without = copy_of_the_project(tmp_path / "without").planned()
    assert not {"fetch_images", "encode_image"} & {job.rule for job in without}


def test_the_vectors_the_facts_and_the_manifest_agree(city: Project):
    manifest = pd.read_csv(city.root / "results/images/nyc/images.csv")
    facts = json.loads((city.root / "results/encoders/nyc/vit-untrained.json").read_text())
    vectors = np.load(city.root / "results/encoders/nyc/vit-untrained.npy")
    assert vectors.shape == (len(manifest), facts["dimensions"])
    assert set(manifest["status"]) == {"ok"}
    assert facts["pictures"] == {"ok": len(manifest)}
    assert facts["untrained"] is True
    assert not np.isnan(vectors).any()


def test_a_dataset_without_pictures_is_told_before_any_job(tmp_path):
    project = with_pictures(copy_of_the_project(tmp_path / "project"))
    project.edit_config("datasets.mind.images", None)
    assert "datasets.mind.images: found nothing" in project.refused()
