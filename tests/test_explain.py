"""Where a result comes from, by the records."""

import json

import pytest

from semtok.explain import main
from semtok.run.files import sha256


def record(path, rule, wildcards, inputs, outputs, **more):
    content = {
        "rule": rule,
        "wildcards": wildcards,
        "code": f"code-of-{rule}",
        "config": {"options": {"learning_rate": 0.25}} if rule == "train" else {},
        "inputs": [{"path": str(one), "sha256": "0" * 64} for one in inputs],
        "outputs": [{"path": str(one), "sha256": sha256(one)} for one in outputs],
        "started": "2026-11-26T20:00:00+00:00",
        "seconds": 2.5,
        "peak_memory_mb": 100,
        "environment": {"commit": "f" * 40, "modified": False, "hardware": {"processor": "one"}},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content | more))


@pytest.fixture
def results(tmp_path, monkeypatch):
    """A table of two rows; behind each a training, behind both the data."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").mkdir()
    for name in ("items", "a", "b", "table2.csv"):
        (tmp_path / "results" / name).write_text(name)
    records = tmp_path / "results/records"
    record(records / "prepare.json", "prepare", {"dataset": "mind"}, [".../mind.zip"], ["results/items"])
    for name in ("a", "b"):
        wildcards = {"dataset": "mind", "tokenizer": name}
        record(records / f"train/{name}.json", "train", wildcards, ["results/items"], [f"results/{name}"])
    table = ["results/table2.csv"]
    record(records / "table2.json", "ranking_table", {}, ["results/a", "results/b"], table)
    return tmp_path / "results"


def test_the_job_of_a_file_and_how_many_are_behind_it(results, capsys):
    main(["results/table2.csv"])
    said = capsys.readouterr().out
    assert "results/table2.csv: as its job wrote it" in said
    assert "behind it, 3 jobs: 2 train, 1 prepare" in said
    assert f"from outside: .../mind.zip (SHA-256 {'0' * 64})" in said
    assert "code: commit ffffffffffff\n" in said
    assert "learning_rate" not in said


def test_a_path_may_be_absolute(results, capsys):
    main([str(results / "table2.csv")])
    assert capsys.readouterr().out.startswith("results/table2.csv: as its job wrote it")


def test_a_row_is_shown_with_all_that_is_behind_it(results, capsys):
    main(["results/table2.csv", "tokenizer=b"])
    said = capsys.readouterr().out
    assert "  train dataset=mind tokenizer=b\n" in said
    assert "learning_rate: 0.25" in said
    assert "  prepare dataset=mind\n" in said
    assert "  train dataset=mind tokenizer=a" not in said


def test_a_file_that_was_changed_by_hand_is_told(results, capsys):
    (results / "table2.csv").write_text("better numbers")
    main(["results/table2.csv"])
    assert "NOT the bytes" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["results/table3.csv"], "results/table3.csv: not there"),
        (["results/other"], "results/other: no record tells of it"),
        (
            ["results/table2.csv", "tokenizer=c"],
            r"with tokenizer=c; expected some of \n  dataset=mind\n  tokenizer=a\|b",
        ),
        (["elsewhere"], "elsewhere: found no records/"),
    ],
)
def test_what_nothing_tells_of_is_an_error(results, arguments, told):
    (results / "other").touch()
    (results.parent / "elsewhere").touch()
    with pytest.raises(SystemExit, match=told):
        main(arguments)
