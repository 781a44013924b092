"""What is asked for, checked against the config before any file is looked at."""

import json

import pytest
import yaml

from semtok.plan import targets
from semtok.plan.check import check
from semtok.plan.paths import Paths
from semtok.plan.stages import Stages
from support.project import ROOT


@pytest.fixture
def raw():
    return yaml.load((ROOT / "config" / "config.yaml").read_text(), yaml.CSafeLoader)


@pytest.fixture
def demo(raw):
    return check(raw, ROOT / "config" / "papers")


def test_nearest_names_are_offered():
    said = targets.unknown("results/table9.csv", ["results/table2.csv", "results/papers/cost/claims.csv"])
    assert said.count("\n") == 0
    assert "did you mean results/table2.csv" in said


@pytest.mark.parametrize(
    ("wildcards", "expected"),
    [
        ({"dataset": "mnd"}, "'mnd' is no dataset that this config has; did you mean 'mind'"),
        ({"dataset": "mind", "language_model": "opt-35m"}, "'opt-35m' is no language model that this config has"),
        ({"paper": "cost", "exhibit": "table4"}, "'table4' is no table or figure that this config has"),
        ({"exhibit": "table9"}, "'table9' is no table or figure that this config has; did you mean 'table"),
        ({"exhibit": "table2-collisions"}, "'table2-collisions' is no table or figure that this config has"),
        ({"paper": "cst", "exhibit": "table2"}, "'cst' is no paper that this config has; did you mean 'cost'"),
        ({"dataset": "mind", "tokenizer": "cosst"}, "did you mean 'cost'"),
        ({"dataset": "mind", "tokenizer": "cost+temperature=0"}, "cost+temperature=0.temperature: found 0"),
        ({"tokenizer": "cost+temperature=0.50"}, "found cost+temperature=0.50; expected cost+temperature=0.5,"),
        ({"tokenizer": "cost+temperature=0.10"}, "found cost+temperature=0.10; expected cost, which is the same run"),
        ({"recommender": "sasrec+training.learning_rate=0.0010"}, "expected sasrec+training.learning_rate=0.001,"),
        ({"scorer": "opt-codes+max_items=05"}, "expected opt-codes+max_items=5,"),
        ({"dataset": "mind", "tokenizer": "cost", "recommender": "sasrec"}, "found cost/sasrec"),
        ({"dataset": "mind", "tokenizer": "cost", "recommender": "tigger"}, "did you mean 'tiger'"),
        ({"dataset": "mind", "tokenizer": "ids", "recommender": "stgn"}, "stgn on mind, but stgn reads coordinates"),
    ],
)
def test_names_that_are_not_there(demo, wildcards, expected):
    config, papers = demo
    found = list(targets.mistakes(Stages(config, Paths(), ROOT), papers, wildcards))
    assert any(expected in mistake for mistake in found)


@pytest.mark.parametrize(
    "wildcards",
    [
        {},
        {"exhibit": "table5"},
        {"paper": "cost", "exhibit": "table2"},
        {"dataset": "mind", "tokenizer": "cost+temperature=0.5", "recommender": "tiger", "seed": "7"},
        {"dataset": "mind", "tokenizer": "ids", "recommender": "sasrec", "seed": "0"},
        {"dataset": "nyc", "tokenizer": "ids", "recommender": "stgn+model.coupled=true", "seed": "0"},
    ],
)
def test_names_that_are_there(demo, wildcards):
    config, papers = demo
    assert list(targets.mistakes(Stages(config, Paths(), ROOT), papers, wildcards)) == []


def test_the_datasets_behind_a_target(demo):
    config, papers = demo

    def of(**wildcards):
        return targets.datasets(config, papers, wildcards)

    of_papers = {"mind", "office-small", "office-large", "nyc", "mind-store", "yelp"}
    assert of() == of_papers | {"texts-tell", "places-tell"}
    assert of(dataset="beauty", tokenizer="cost") == {"beauty"}
    assert of(paper="cost", exhibit="table2") == {"mind"}
    assert of(exhibit="table1") == of_papers
    assert of(paper="simcit") == {"nyc"}
    assert of(file="mind/MINDsmall_train.zip") == set()


def test_a_mirror_must_have_the_files(raw, tmp_path):
    raw |= {"source": "mirror", "mirror": str(tmp_path)}
    config, _ = check(raw, ROOT / "config" / "papers")
    (said,) = targets.unavailable(config, {"mind"})
    assert said == f"datasets.mind: the mirror {tmp_path} lacks mind/MINDsmall_train.zip"
    (tmp_path / "mind").mkdir()
    (tmp_path / "mind/MINDsmall_train.zip").touch()
    assert list(targets.unavailable(config, {"mind"})) == []
    assert len(list(targets.unavailable(config, {"mind", "nyc", "beauty"}))) == 2


def test_a_made_up_world_is_needed_where_the_source_is_one(raw):
    raw["datasets"]["mind"].pop("synthetic")
    config, _ = check(raw, ROOT / "config" / "papers")
    (said,) = targets.unavailable(config, {"mind", "nyc"})
    assert said.startswith("datasets.mind.synthetic: missing")
    raw["source"] = "official"
    assert list(targets.unavailable(check(raw, ROOT / "config" / "papers")[0], {"mind"})) == []


def test_results_of_another_source_are_told_of(raw, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    raw |= {"source": "mirror", "mirror": str(tmp_path)}
    config, _ = check(raw, ROOT / "config" / "papers")
    stages = Stages(config, Paths("results/demo"), ROOT)
    assert targets.otherwise_sourced(stages, {"mind", "nyc"}) == ""
    for name, source in {"mind": "synthetic", "nyc": "mirror", "beauty": "synthetic"}.items():
        (tmp_path / f"results/demo/data/{name}").mkdir(parents=True)
        (tmp_path / f"results/demo/data/{name}/stats.json").write_text(json.dumps({"source": source}))
    said = targets.otherwise_sourced(stages, {"mind", "nyc"})
    assert said.startswith("results/demo: found mind (synthetic), whose source is another under this config")
    assert "--config results=FOLDER" in said
    assert targets.otherwise_sourced(stages, {"nyc"}) == ""
