"""The encoders that the demo's papers do not ask for: made by name, and made again only when they have to be."""

import shutil

import numpy as np
import pandas as pd
import pytest

from semtok.run.files import read_json
from support.project import Job, Project

FOLDER = "results/encoders/mind"
VIEWS = (f"{FOLDER}/als-seed0.npy", f"{FOLDER}/checkins-seed0.npy")
ALS = {Job("encode_collaborative", "dataset=mind, encoder=als, seed=0")}
CHECKINS = {Job("encode_spatial", "dataset=mind, encoder=checkins, seed=0")}
GRAPH = {Job("spatial_graph", "dataset=mind, encoder=checkins")}


@pytest.fixture(scope="module")
def views(finished, tmp_path_factory) -> Project:
    """A project with both views of what users do. Its items are articles: they have no place on a map."""
    folder = tmp_path_factory.mktemp("views") / "project"
    project = Project(shutil.copytree(finished.root, folder, symlinks=True))
    project.edit_config("encoders.checkins", {"epochs": 1, "walks_per_node": 1})
    project.snakemake("--cores", "1", "--", *VIEWS)
    return project


def test_a_map_of_what_has_no_place(views: Project):
    done = views.snakemake("--cores", "1", "--", f"{FOLDER}/graphsage-seed0.npy", check=False)
    assert done.returncode != 0
    assert "a distance graph needs latitude and longitude" in " ".join((done.stdout + done.stderr).split())


def test_views_and_what_remakes_them(views: Project):
    train = pd.read_parquet(views.root / "results/data/mind/interactions.parquet").query("split == 'train'")
    n_items = len(pd.read_parquet(views.root / "results/data/mind/items.parquet"))
    for path, width in zip(VIEWS, (32, 64), strict=True):
        vectors = np.load(views.root / path)
        assert (vectors.dtype, vectors.shape) == (np.float32, (n_items, width))
        present = np.flatnonzero(~np.isnan(vectors).any(axis=1))
        assert set(present) <= set(train["item"])
        assert read_json(views.root / path.replace(".npy", ".json"))["items"] == n_items
    assert set(np.flatnonzero(~np.isnan(np.load(views.root / VIEWS[0])).any(axis=1))) == set(train["item"])
    assert not list((views.root / FOLDER).glob("*checkpoint*"))

    assert views.planned(*VIEWS) == set()
    views.edit_config("encoders.als", {"alpha": 10})
    assert views.planned(*VIEWS) == ALS
    views.edit_config("encoders.checkins.learning_rate", 0.01)
    assert views.planned(*VIEWS) == ALS | CHECKINS
    views.edit_config("encoders.checkins.graph", {"max_gap_hours": 1})
    assert views.planned(*VIEWS) == ALS | CHECKINS | GRAPH
