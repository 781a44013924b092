"""What a config takes from elsewhere is listed, and nothing else."""

import pytest

from semtok.plan.check import check
from semtok.plan.exhibits import Exhibits
from semtok.plan.paths import Paths
from semtok.plan.published import PublishedModel, addresses, models
from support.project import ROOT

FOLDER = ROOT / "config/papers"
OPT = PublishedModel("transformers", "facebook/opt-350m")


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def exhibits(raw, paper: str) -> Exhibits:
    """The tables and figures of one paper."""
    config, definitions = check(raw | {"papers": {paper: raw["papers"][paper]}}, FOLDER)
    return Exhibits(config, definitions, FOLDER, Paths(config.results))


@pytest.mark.parametrize("paper", ["cost", "simcit", "store"])
def test_the_demo_needs_nothing(raw, paper):
    assert addresses(exhibits(raw, paper)) == []
    assert models(exhibits(raw, paper)) == []


def test_official_files_are_listed_until_they_are_here(raw, tmp_path):
    raw["datasets"]["mind"]["source"] = "official"
    made = exhibits(raw, "cost")
    files = made.config.datasets["mind"].files
    urls = {file.url for file in files}
    assert addresses(made) == sorted(urls)
    here = tmp_path / made.paths.official / files[0].path
    here.parent.mkdir(parents=True)
    here.touch()
    assert addresses(made) == sorted(urls - {files[0].url})


def test_datasets_from_a_mirror_are_not_downloaded(raw, tmp_path):
    made = exhibits(raw | {"source": "official"}, "cost")
    raw["datasets"]["mind"]["source"] = "mirror"
    mirrored = exhibits(raw | {"source": "official", "mirror": str(tmp_path)}, "cost")
    urls = {file.url for file in made.config.datasets["mind"].files}
    assert urls < set(addresses(made))
    assert set(addresses(mirrored)) == set(addresses(made)) - urls


@pytest.mark.parametrize(
    ("model", "wanted"),
    [
        ("sentence-t5-base", [PublishedModel("sentence-transformers", "sentence-t5-base")]),
        (".", []),
        ("package:a/b", []),
    ],
)
def test_published_models_of_encoders(raw, model, wanted):
    entry = {"method": "sentence-transformers", "model": model, "prefix": "", "max_tokens": 8, "batch_size": 2}
    raw["encoders"]["tfidf"] = entry
    assert models(exhibits(raw, "cost")) == wanted


def test_published_weights_of_image_encoders(raw):
    raw["encoders"]["vit-untrained"] |= {"pretrained": True}
    assert models(exhibits(raw, "simcit")) == [PublishedModel("timm", raw["encoders"]["vit-untrained"]["model"])]


def test_published_language_models_of_recommenders_and_encoders(raw):
    hub = {"source": "hub", "model": OPT.name, "revision": None, "architecture": "opt"}
    raw["language_models"] = {
        name: hub if entry.get("architecture", "opt") == "opt" else entry
        for name, entry in raw["language_models"].items()
    }
    assert models(exhibits(raw, "store")) == [OPT]
