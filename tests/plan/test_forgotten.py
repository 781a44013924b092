"""Results that Snakemake does not remember, against the records of their jobs."""

import json

import pytest

from semtok.plan.forgotten import made_otherwise, pages_from_elsewhere

PARAMS = {"options": {"temperature": 0.5, "hidden_dims": [4]}, "source": "mirror", "code": "abc"}


@pytest.fixture
def record(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "records/tokenize").mkdir(parents=True)
    (tmp_path / "codes.npy").touch()

    def write(params):
        config = {name: value for name, value in params.items() if name != "code"}
        content = {"rule": "tokenize", "wildcards": {"tokenizer": "cost"}, "code": params["code"], "config": config}
        content["outputs"] = [{"path": "codes.npy"}, {"path": "gone.npy"}]
        (tmp_path / "records/tokenize/0.json").write_text(json.dumps(content))

    return write


def found(params=PARAMS, remembered=()):
    return list(made_otherwise("records", lambda output: output in remembered, lambda rule, wildcards: params))


def test_the_same_params_are_the_same_result(record):
    record(PARAMS)
    assert found() == []


@pytest.mark.parametrize("change", [{"code": "abd"}, {"source": "synthetic"}, {"options": {"temperature": 0.1}}])
def test_other_params_are_another_result(record, change):
    record(PARAMS | change)
    assert found() == ["codes.npy"]
    assert found(remembered=["codes.npy"]) == []


def test_what_cannot_be_asked_for_any_more_is_left_alone(record):
    record(PARAMS | {"code": "abd"})
    assert found(params=None) == []


def test_paths_outside_of_the_project_are_not_compared(record):
    record(PARAMS | {"folder": ".../raw"})
    assert found(PARAMS | {"folder": "/data/raw"}) == []


def test_a_damaged_record_tells_nothing(record, tmp_path):
    record(PARAMS)
    (tmp_path / "records/other.json").write_text("{")
    assert found() == []


def test_committed_pages_are_of_results_elsewhere_until_they_are_made_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pages = {f"docs/results/cost{end}" for end in (".md", "-figure4.svg", "-beauty.md", "-beauty-figure4.svg")}
    (tmp_path / "docs/results").mkdir(parents=True)
    for name in (
        *pages,
        "docs/results/cost-conclusions.md",
        "docs/results/cost-beauty-conclusions.md",
        "docs/results/generator.md",
    ):
        (tmp_path / name).touch()
    assert set(pages_from_elsewhere(["cost", "simcit"], lambda output: False)) == pages
    assert not set(pages_from_elsewhere(["cost", "simcit"], lambda output: output in pages))
