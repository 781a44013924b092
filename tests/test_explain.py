"""Where a result comes from, by the records."""

import json

import pytest

from semtok.explain import main
from semtok.plan.cells import Cell, Run
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


@pytest.fixture
def table(tmp_path, monkeypatch):
    """A table of two rows, made of the scores of two runs and of a dataset's lists that nobody trains."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").mkdir()
    rows = ["paper,table,dataset,method,metric,k,mean"]
    rows += [f"cost,table2,MIND,{method},recall,{k},0.{k}" for method in ("CoST", "Ours", "Popularity") for k in (5, 9)]
    (tmp_path / "results/table2.csv").write_text("\n".join(rows) + "\n")
    runs = {name: Run("mind", name, "tiger", 0) for name in ("cost", "mine+dim=4")}
    runs["ids/popularity"] = Run("mind", "ids", "popularity", 0)
    spec = {
        **{"kind": "ranking", "caption": "A table.", "datasets": ["MIND"], "metrics": ["recall"], "ks": [5, 9]},
        "rows": [{"label": label, "tokenizer": name} for label, name in (("CoST", "cost"), ("Ours", "mine+dim=4"))],
    }
    content = {"title": "", "reference": "", "tables": {"table2": spec}, "figures": {}, "claims": []}
    cells = [Cell("table2", "MIND", name, (run,), "").as_dict() for name, run in runs.items()]
    records = tmp_path / "results/records"
    made = {name: f"results/{n}" for n, name in enumerate(runs)}
    for name, path in made.items():
        (tmp_path / path).touch()
        wildcards = {"dataset": "mind", "tokenizer": name, "recommender": "tiger", "seed": "0"}
        rule = "rank_untrained" if name == "ids/popularity" else "train"
        wildcards = {"dataset": "mind"} if rule == "rank_untrained" else wildcards
        record(records / f"{path}.json", rule, wildcards, [], [path])
    shown = {"shown": {"content": content, "cells": cells}}
    names = {"paper": "cost", "exhibit": "table2"}
    outputs = ["results/table2.csv"]
    record(records / "table2.json", "ranking_table", names, made.values(), outputs, config=shown)


@pytest.mark.parametrize(
    ("words", "n_rows", "job"),
    [
        (["method=Ours", "k=9"], 1, "train dataset=mind tokenizer=mine+dim=4 recommender=tiger seed=0"),
        (["dataset=MIND", "method=CoST"], 2, "train dataset=mind tokenizer=cost recommender=tiger seed=0"),
        (["method=Popularity", "metric=recall"], 2, "rank_untrained dataset=mind"),
    ],
)
def test_a_row_is_found_by_the_words_of_the_table(table, capsys, words, n_rows, job):
    main(["results/table2.csv", *words])
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("row: ") for line in lines) == n_rows
    # Behind the table's own.
    in_full = [line.strip() for line in lines if line.startswith("  ") and "dataset=" in line]
    assert in_full == [job]


@pytest.mark.parametrize(
    ("words", "told"),
    [(["method=cost"], "method=CoST|Ours|Popularity"), (["dataset=MIND", "k=10"], "k=5|9"), (["method"], "NAME=VALUE")],
)
def test_words_that_no_row_has_are_an_error(table, capsys, words, told):
    with pytest.raises(SystemExit) as caught:
        main(["results/table2.csv", *words])
    assert told in f"{caught.value}{capsys.readouterr().err}"


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
