"""Recommenders over plain item ids: a row of a table, and vectors for a tokenizer."""

import numpy as np
import pandas as pd
import pytest

from support.project import Job, Project

RUN = "dataset=mind, tokenizer=ids, recommender={}, seed=0"
TABLE = {
    Job("ranking_table", "paper=cost, exhibit=table2"),
    Job("stacked_table", "exhibit=table2"),
    Job("claims", "paper=cost"),
    Job("scoreboard", ""),
}
ROW = "      - {label: Random, latex: Random, tokenizer: random}\n"


def add_row(project: Project) -> None:
    row = "      - {label: SASRec, latex: SASRec, tokenizer: ids/sasrec}\n"
    project.edit_file("config/papers/cost.yaml", ROW, ROW + row)


def jobs(recommender: str, *rules: str) -> set[Job]:
    return {Job(rule, RUN.format(recommender)) for rule in rules}


def test_a_row_over_ids_needs_no_codes(project: Project):
    add_row(project)
    assert project.planned() == jobs("sasrec", "train", "decode", "evaluate") | TABLE
    project.snakemake("--cores", "1")
    assert project.planned() == set()

    table = pd.read_csv(project.root / "results/table2.csv")
    ours = table[table["method"] == "SASRec"].set_index(["metric", "k"])["mean"]
    metrics = pd.read_csv(project.root / "results/recommenders/mind/ids/sasrec/0/metrics.csv")
    expected = metrics[metrics["k"].isin([5, 10, 20, 40])].set_index(["metric", "k"])["value"]
    assert ours.to_dict() == pytest.approx(expected.to_dict())
    diagnostics = pd.read_csv(project.root / "results/papers/cost/table2-diagnostics.csv")
    mine = diagnostics[diagnostics["method"] == "SASRec"]
    assert set(mine["stage"]) == {"decoder"}
    assert {"scored_items", "tied_targets"} <= set(mine["quantity"])
    assert "| MIND | SASRec | — | — |" in (project.root / "results/papers/cost/table2.md").read_text()

    project.edit_config("recommenders.sasrec.decoding.top", 45)
    assert project.planned() == jobs("sasrec", "decode", "evaluate") | TABLE
    project.edit_config("recommenders.sasrec.training.epochs", 5)
    assert project.planned() == jobs("sasrec", "train", "decode", "evaluate") | TABLE


def test_item_vectors_feed_a_tokenizer(project: Project, city: Project):
    # Not the first of the tokenizers with vectors, in whose space those without are diagnosed.
    project.edit_config("tokenizers.rqvae.encoder", "sasrec-items")
    encoding = {Job("encode_recommender_items", "dataset=mind, encoder=sasrec-items, seed=0")}
    others = {job for job in project.planned() if "tokenizer=rqvae," not in job.wildcards}
    assert others == jobs("sasrec-32", "train") | encoding | TABLE
    # The city's LETTER was made of such vectors.
    vectors = np.load(city.root / "results/encoders/nyc/sasrec-items-seed0.npy")
    interactions = pd.read_parquet(city.root / "results/data/nyc/interactions.parquet")
    learned = np.isin(np.arange(len(vectors)), interactions.loc[interactions["split"] == "train", "item"])
    assert vectors.shape == (interactions["item"].max() + 1, 32)
    assert vectors.dtype == np.float32
    assert (np.isnan(vectors).any(axis=1) == ~learned).all()


def test_ids_and_codes_are_not_mixed_up(project: Project):
    for run, said in (
        ("ids/tiger", "found ids/tiger, but tiger reads codes; expected a recommender over plain item ids"),
        ("cost/sasrec", "found cost/sasrec, but sasrec ranks plain item ids; expected ids/sasrec"),
    ):
        assert said in project.refused(f"results/recommenders/mind/{run}/0/metrics.csv")
