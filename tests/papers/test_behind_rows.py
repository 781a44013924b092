"""What is behind the rows of a table, from a made-up provenance of it."""

import pytest

from semtok.papers.behind_rows import behind_rows, drawn
from semtok.plan.cells import Cell, Run
from semtok.plan.definition import Paper, load
from support.fabricated_results import DEFINITION

TABLE = "results/papers/cost/table2.csv"


def job(rule, wildcards, inputs, outputs, config):
    files = ([{"path": path} for path in paths] for paths in (inputs, outputs))
    return {
        "rule": rule,
        "wildcards": wildcards,
        "config": config,
        **dict(zip(("inputs", "outputs"), files, strict=True)),
    }


@pytest.fixture
def provenance():
    """Of Table 2 with one method, CoST's, of two seeds."""
    runs = tuple(Run("mind", "cost", "tiger", seed) for seed in (0, 1))
    jobs, evaluated = [], []
    for run in runs:
        of_codes = {"dataset": "mind", "tokenizer": "cost", "seed": str(run.seed)}
        of_run = of_codes | {"recommender": "tiger"}
        codes, model, ranks, measured = (
            f"results/{run.seed}/{name}" for name in ("codes", "model", "ranks", "metrics")
        )
        history = f"results/{run.seed}/history.csv"
        jobs += [
            job("tokenize", of_codes, [], [codes], {"options": {"temperature": 0.1}}),
            job("train", of_run, [codes], [model, history], {"options": {"learning_rate": 0.03}}),
            job("decode", of_run, [model, codes], [ranks], {"options": {"beam_size": 50}}),
            job("evaluate", of_run, [ranks], [measured], {"ks": [5, 10]}),
        ]
        evaluated.append(measured)
    definition = load(DEFINITION).model_dump(mode="json")
    content = {name: value for name, value in definition.items() if name in Paper.model_fields}
    shown = {"content": content, "cells": [Cell("table2", "MIND", "cost", runs, "").as_dict()]}
    made = {"paper": "cost", "exhibit": "table2"}
    jobs.append(job("ranking_table", made, evaluated, [TABLE], {"shown": shown}))
    return {"table": TABLE, "jobs": jobs}


HISTORIES = {
    "results/0/history.csv": "epoch,loss,learning_rate,recall@10\n1,3.0,1,\n2,2.0,1,0.25\n",
    "results/1/history.csv": "epoch,loss,learning_rate,recall@10\n1,4.0,1,\n2,2.5,1,0.5\n",
}


def test_a_row_has_the_options_of_its_jobs_and_a_line_a_seed(provenance):
    (row,) = behind_rows(provenance, HISTORIES.get)
    assert [row[name] for name in ("paper", "table", "dataset", "method")] == ["cost", "table2", "MIND", "L_co (CoST)"]
    assert [told["job"] for told in row["jobs"]] == [
        *("evaluate mind cost tiger", "decode mind cost tiger", "train mind cost tiger", "tokenize mind cost")
    ]
    assert row["jobs"][2]["options"] == "learning_rate: 0.03\n"
    loss, recall = row["curves"]
    assert loss["name"] == "train: loss by epoch"
    assert loss["last"] == "2, 2.5"
    # From 2 to 4 and from epoch 1 to 2, in a plot of 150 by 50.
    assert loss["lines"] == ["0.0,25.0 150.0,50.0", "0.0,0.0 150.0,37.5"]
    assert recall["name"] == "train: recall@10 by epoch"
    assert recall["last"] == "0.25, 0.5"


def test_a_history_that_is_not_there_or_empty_leaves_the_options(provenance):
    for text in (None, "", "epoch,loss\n"):
        (row,) = behind_rows(provenance, lambda path, text=text: text)
        assert row["curves"] == []
        assert len(row["jobs"]) == 4


def test_long_histories_are_thinned(provenance):
    text = "step,loss\n" + "".join(f"{step},{step}\n" for step in range(1000))
    (row,) = behind_rows(provenance, lambda path: text)
    (loss,) = row["curves"]
    assert {len(line.split()) for line in loss["lines"]} == {50}


def test_a_flat_line_and_a_single_point_have_a_place():
    assert drawn([[(1.0, 2.0)], [(1.0, 2.0), (3.0, 2.0)]])["lines"] == ["0.0,50.0 0.0,50.0", "0.0,50.0 150.0,50.0"]


def test_single_points_alone_are_told_and_not_drawn():
    told = drawn([[(1.0, 2.0)], [(1.0, 2.5)]])
    assert told["lines"] == []
    assert told["last"] == "2, 2.5"
