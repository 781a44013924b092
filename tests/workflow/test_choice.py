"""Options of a baseline chosen by validation: which jobs there are, what they read, and what a table says of it."""

import json

import pandas as pd
import pytest
from safetensors.numpy import load_file

from support.project import Job, Project

ROW = "      - {label: Random, latex: Random, tokenizer: random}\n"
RUNS = "results/recommenders/mind/ids/{}"


def job(rule: str, recommender: str, seed: int | None = 0) -> Job:
    name = f"dataset=mind, tokenizer=ids, recommender={recommender}"
    return Job(rule, name if seed is None else f"{name}, seed={seed}")


def test_a_row_is_trained_with_what_validated_best(project: Project):
    project.edit_file("config/papers/cost.yaml", ROW, ROW + "      - {label: SASRec, tokenizer: ids/sasrec}\n")
    project.edit_config("recommenders.sasrec.choose", {"training.learning_rate": [0.0001, 0.01]})
    trials = [f"sasrec+choose=null+training.learning_rate={rate}" for rate in (0.0001, 0.01)]
    table = {
        Job("ranking_table", "paper=cost, exhibit=table2"),
        Job("stacked_table", "exhibit=table2"),
        Job("claims", "paper=cost"),
        Job("scoreboard", ""),
    }
    own = {job(rule, "sasrec") for rule in ("train", "decode", "evaluate")}
    chosen = {job("choose", "sasrec", None), *(job("train", name) for name in trials)}
    assert project.dry_run("all") == own | chosen | table
    project.snakemake("--cores", "1")
    assert project.planned() == set()

    found = json.loads((project.root / RUNS.format("sasrec") / "choice.json").read_text())
    histories = [pd.read_csv(project.root / RUNS.format(name) / "0/history.csv") for name in trials]
    recalls = [history["recall@10"].max() for history in histories]
    assert recalls[0] != recalls[1]
    best = recalls.index(max(recalls))
    assert found["chosen"] == {"training.learning_rate": [0.0001, 0.01][best]}
    assert [trial["recall@10"] for trial in found["trials"]] == recalls
    # The run is the one of the best trial.
    ours, theirs = (
        load_file(project.root / RUNS.format(name) / "0/model.safetensors") for name in ("sasrec", trials[best])
    )
    assert all((weight == theirs[name]).all() for name, weight in ours.items())

    # The row is the run's, and its diagnostics are those of the ranking: it has no codes.
    table_2 = pd.read_csv(project.root / "results/table2.csv")
    ours = table_2[table_2["method"] == "SASRec"].set_index(["metric", "k"])["mean"]
    metrics = pd.read_csv(project.root / RUNS.format("sasrec") / "0/metrics.csv")
    expected = metrics[metrics["k"].isin([5, 10, 20, 40])].set_index(["metric", "k"])["value"]
    assert ours.to_dict() == pytest.approx(expected.to_dict())
    diagnostics = pd.read_csv(project.root / "results/papers/cost/table2-diagnostics.csv")
    mine = diagnostics[diagnostics["method"] == "SASRec"]
    assert set(mine["stage"]) == {"decoder"}
    assert {"scored_items", "tied_targets"} <= set(mine["quantity"])

    # The table says grid and choice, and its record where they come from.
    page = (project.root / "results/papers/cost/table2.md").read_text()
    assert "| MIND | SASRec | — | — |" in page
    assert "training.learning_rate of 0.0001, 0.01 by Recall@10 on validation" in page
    assert f"Chosen for sasrec on MIND: training.learning_rate {[0.0001, 0.01][best]} (Recall@10 of" in page
    provenance = (project.root / "results/papers/cost/table2.provenance.json").read_text()
    assert "choice.json" in provenance
    record = json.loads((project.root / "results/records/train/mind/ids/sasrec/0.json").read_text())
    assert record["config"]["options"]["training"]["learning_rate"] == [0.0001, 0.01]

    # One more value trains one more trial; what ranks alone trains none; a second seed is of the same choice.
    project.edit_config("recommenders.sasrec.decoding.top", 45)
    assert project.planned() == {job("decode", "sasrec"), job("evaluate", "sasrec"), *table}
    project.edit_config("recommenders.sasrec.choose", {"training.learning_rate": [0.0001, 0.003, 0.01]})
    more = job("train", "sasrec+choose=null+training.learning_rate=0.003")
    assert project.planned() == own | table | {more, job("choose", "sasrec", None)}
    second = "results/recommenders/mind/ids/sasrec/1/metrics.csv"
    assert {one for one in project.planned(second) if "seed=1" in one.wildcards} == {
        job(rule, "sasrec", 1) for rule in ("train", "decode", "evaluate")
    }


def test_a_recommender_without_a_grid_chooses_nothing(project: Project):
    said = project.refused("results/recommenders/mind/ids/sasrec/choice.json")
    assert "recommenders.sasrec.choose: found nothing" in said
