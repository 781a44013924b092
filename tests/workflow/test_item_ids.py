"""Recommenders over plain item ids: a row of a table, and vectors for a tokenizer."""

import numpy as np
import pandas as pd

from support.project import Job, Project

RUN = "dataset=mind, tokenizer=ids, recommender={}, seed=0"
TABLE = {
    Job("ranking_table", "paper=cost, exhibit=table2"),
    Job("stacked_table", "exhibit=table2"),
    Job("claims", "paper=cost"),
    Job("scoreboard", ""),
}
ROW = "      - {label: Random, latex: Random, tokenizer: random}\n"


def jobs(recommender: str, *rules: str) -> set[Job]:
    return {Job(rule, RUN.format(recommender)) for rule in rules}


def test_a_row_over_ids_needs_no_codes(project: Project):
    """What such a row has in the table is asked of a chosen one (`test_choice`): this is the plan alone."""
    row = "      - {label: SASRec, latex: SASRec, tokenizer: ids/sasrec}\n"
    project.edit_file("config/papers/cost.yaml", ROW, ROW + row)
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
