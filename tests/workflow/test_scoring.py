"""STORE's tables of data, of dense tokens and of scored candidates: which jobs they are, and what runs again."""

import pandas as pd
import pytest

from support.project import TINY, Job, Project, copy_of_the_project

WORLD = {"users": 40, "items": 60, "mean_length": 8, "categories": 4}
TABLES = ["table1", "table2", "table3", "table5", "table5-wordings"]
SIZE = {"vocabulary": 400, "n_layers": 1, "n_heads": 2, "hidden_dim": 16, "inner_dim": 16, "window": 32, "epochs": 1}
STORE = TINY | {
    "language_models": {"opt": SIZE, "bert": SIZE},
    "encoders": {"tfidf": {"dimensions": 16}, "dense-opt": {"lora_rank": 2, "epochs": 1}},
    "tokenizers": {
        "store": {"codebook_size": 8, "components": 4, "initializations": 1},
        **{
            name: {"codebook_size": 8, "hidden_dims": [16], "latent_dim": 8, "steps": 2}
            for name in ("rqvae-tiger", "lc-rec")
        },
    },
    "datasets": {"mind-store": {"synthetic": WORLD}, "yelp": {"synthetic": WORLD}},
    "papers": {**TINY["papers"], "cost": {"tables": []}, "store": {"tables": TABLES}},
    "scorers": {
        "opt-zero-shot": {"max_tokens": 4, "batch_size": 16},
        "bert-zero-shot": {"max_tokens": 4, "batch_size": 16},
        "bert-fine-tuned": {"max_tokens": 4, "training": {"epochs": 1}},
        "opt-codes": {"model": {"lora_rank": 2}, "training": {"epochs": 1}},
    },
}
PAPER = "results/papers/store"
MIND, YELP = ("dataset=mind-store", "dataset=yelp")
DATA = {Job("synthesize", MIND), Job("prepare_with_candidates", MIND)}
DATA_OF_YELP = {Job("synthesize", YELP), Job("prepare", YELP)}
MODEL = {Job("train_language_model", f"{MIND}, language_model=opt")}
BERT = {Job("train_language_model", f"{MIND}, language_model=bert")}
CODES = ("rqvae-tiger+n_levels=4", "lc-rec", "store")
OF_CODES = {Job("tokenize", f"{MIND}, tokenizer={tokenizer}, seed=0") for tokenizer in CODES} | {
    Job("encode_text", f"{MIND}, encoder=tfidf"),
    Job("encode_dense", f"{MIND}, encoder=dense-opt, seed=0"),
}
SCORERS = ("opt-zero-shot", "opt-zero-shot+prompt=interest", "opt-zero-shot+prompt=next")


def scoring(*scorers: str) -> set[Job]:
    """The jobs of scorers."""
    scored = {Job("score_zero_shot", f"{MIND}, scorer={scorer}, seed=0") for scorer in scorers}
    return scored | {Job("evaluate_lists", f"{MIND}, tokenizer=texts, scorer={scorer}, seed=0") for scorer in scorers}


def trained(scorer: str, *tokenizers: str, rules: tuple[str, ...] = ("train_scorer", "score_candidates")) -> set[Job]:
    """The jobs of a scorer that is trained, over each of these."""
    return {
        Job(rule, f"{MIND}, tokenizer={tokenizer}, scorer={scorer}, seed=0")
        for rule in (*rules, "evaluate_lists")
        for tokenizer in tokenizers
    }


TABLE5 = {Job("table", "paper=store, exhibit=table5")}


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Project:
    return copy_of_the_project(tmp_path_factory.mktemp("store") / "project", STORE)


def test_a_target_that_a_scorer_cannot_read_is_refused(project: Project):
    run = "results/recommenders/mind-store/{}/0/scored.parquet"
    assert "expected a tokenizer before it" in project.refused(run.format("texts/opt-codes"))
    assert "expected texts/bert-fine-tuned" in project.refused(run.format("store/bert-fine-tuned"))


def test_the_jobs_of_the_tables(project: Project):
    assert project.planned(f"{PAPER}/table1.csv") == DATA | DATA_OF_YELP | {Job("table", "paper=store, exhibit=table1")}
    zero_shot = scoring(SCORERS[0], "bert-zero-shot")
    learned = trained("bert-fine-tuned", "texts") | trained("opt-codes", *CODES)
    assert project.planned(f"{PAPER}/table5.csv") == DATA | MODEL | BERT | OF_CODES | zero_shot | learned | TABLE5
    wordings = {Job("table", "paper=store, exhibit=table5-wordings")}
    assert project.planned(f"{PAPER}/table5-wordings.csv") == DATA | MODEL | scoring(*SCORERS) | wordings
    dense = {
        Job(rule, f"{dataset}, {which}")
        for dataset in (MIND, YELP)
        for rule, which in (
            ("train_language_model", "language_model=opt"),
            ("encode_dense", "encoder=dense-opt, seed=0"),
        )
    }
    table2 = {Job("table", "paper=store, exhibit=table2")}
    assert project.planned(f"{PAPER}/table2.csv") == DATA | DATA_OF_YELP | dense | table2
    # Rows of generators that have no entry yet are empty: what nobody trains is all that runs.
    untrained = {Job("rank_untrained", dataset) for dataset in (MIND, YELP)}
    retrieval = {job for job in project.planned(f"{PAPER}/table3.csv") if job.rule not in ("encode_text", "train")}
    assert retrieval >= DATA | DATA_OF_YELP | untrained | {Job("ranking_table", "paper=store, exhibit=table3")}


@pytest.mark.slow
def test_what_is_scored_and_what_runs_again(project: Project):
    # And of Table 3 its row of the same codes and language model, a retrieval for the scorers to leave alone.
    retrieval = "results/recommenders/mind-store/store/store/0/metrics.csv"
    targets = [f"{PAPER}/table5.csv", "results/table5.csv", retrieval]
    project.snakemake("--cores", "1", "--", *targets)
    frame = pd.read_csv(project.root / targets[0]).set_index(["method", "metric"])
    rows = ("BERT-base (zero-shot)", "OPT-base (zero-shot)", "BERT-base (fine-tuned)")
    for row in (*rows, "TIGER codes", "LC-Rec codes", "STORE codes"):
        assert 0 < frame.loc[(row, "gauc"), "mean"].item() < 1
    assert not list((project.root / "results").rglob("*checkpoint*"))
    assert frame.loc[("Random scorer", "auc"), "mean"].item() == 0.5
    assert project.planned(*targets) == set()
    stacked = {Job("stacked_table", "exhibit=table5")}
    # A scoring option touches no other job.
    project.edit_config("scorers.opt-zero-shot.max_items", 2)
    assert project.planned(*targets) == scoring(SCORERS[0]) | TABLE5 | stacked
    project.edit_config("scorers.opt-zero-shot.max_items", 20)
    codes = trained("opt-codes", *CODES)
    project.edit_config("scorers.opt-codes.training.code_weight", 0.5)
    assert project.planned(*targets) == codes | TABLE5 | stacked
    project.edit_config("scorers.opt-codes.training.code_weight", 1.0)
    project.edit_config("scorers.opt-codes.scoring.batch_size", 7)
    assert project.planned(*targets) == trained("opt-codes", *CODES, rules=("score_candidates",)) | TABLE5 | stacked
    project.edit_config("scorers.opt-codes.scoring.batch_size", 64)
    project.edit_config("scorers.bert-fine-tuned.training.epochs", 2)
    assert project.planned(*targets) == trained("bert-fine-tuned", "texts") | TABLE5 | stacked
    project.edit_config("scorers.bert-fine-tuned.training.epochs", 1)
    project.edit_config("evaluation.seed", 1)
    assert project.planned(*targets) == TABLE5 | stacked
