"""Edit this, and exactly those jobs run. Three of the edits are also asked of `snakemake --dry-run` itself."""

import shutil
from pathlib import Path

import pytest
import yaml

from support.project import Job, Project, copy_of_the_project

COST = ("cost", "cost+reconstruction")
CODED = ("random", "rqvae", *COST)
TABLES = {Job("ranking_table", "paper=cost, exhibit=table2"), Job("claims", "paper=cost")}
STACKED = Job("stacked_table", "exhibit=table2")
SCOREBOARD = Job("scoreboard", "")
STATISTICS = {Job("table", "paper=cost, exhibit=table1"), Job("stacked_table", "exhibit=table1")}


def tokenizer_jobs(tokenizers, *rules: str, seed: int = 0) -> set[Job]:
    return {Job(rule, f"dataset=mind, tokenizer={name}, seed={seed}") for rule in rules for name in tokenizers}


def recommender_jobs(tokenizers, *rules: str, seed: int = 0) -> set[Job]:
    return {
        Job(rule, f"dataset=mind, tokenizer={name}, recommender=tiger, seed={seed}")
        for rule in rules
        for name in tokenizers
    }


def everything_of(tokenizers, seed: int = 0) -> set[Job]:
    return tokenizer_jobs(tokenizers, "tokenize", "diagnose", seed=seed) | recommender_jobs(
        tokenizers, "train", "decode", "evaluate", seed=seed
    )


RESULTS = TABLES | {STACKED, SCOREBOARD}
UNTRAINED = {Job("rank_untrained", "dataset=mind")}


def test_nothing_is_left_to_do(project: Project):
    assert project.planned() == project.dry_run() == set()


def test_the_temperature_of_cost(project: Project):
    project.edit_config("tokenizers.cost.temperature", 0.5)
    assert project.planned() == project.dry_run() == everything_of(["cost"]) | RESULTS


def test_a_second_seed(project: Project):
    project.edit_config("seeds", [0, 1])
    assert project.planned() == everything_of(CODED, seed=1) | RESULTS


def test_the_beam_needs_no_training(project: Project):
    project.edit_config("recommenders.tiger.decoding.beam_size", 45)
    assert project.planned() == recommender_jobs(CODED, "decode", "evaluate") | RESULTS


def test_a_new_k_needs_no_decoding(project: Project):
    project.edit_file(
        "config/papers/cost.yaml",
        "ks: [5, 10, 20, 40]\n    rows: &table2\n      - {label: Random,",
        "ks: [5, 10, 20, 30, 40]\n    rows: &table2\n      - {label: Random,",
    )
    # Of one file of metrics, claims read what they did before; they cost seconds.
    assert project.planned() == recommender_jobs(CODED, "evaluate") | RESULTS


def test_the_shortest_user_of_a_dataset(project: Project):
    project.edit_config("datasets.mind.filters.min_user_length", 16)
    data = {Job("prepare", "dataset=mind"), Job("encode_text", "dataset=mind, encoder=tfidf")}
    assert project.planned() == data | everything_of(CODED) | UNTRAINED | RESULTS | STATISTICS


def test_the_text_model(project: Project):
    project.edit_config("encoders.tfidf.dimensions", 12)
    expected = {Job("encode_text", "dataset=mind, encoder=tfidf")} | everything_of(["rqvae", *COST])
    # Random codes do not see the vectors; their diagnostics do.
    assert project.planned() == expected | tokenizer_jobs(["random"], "diagnose") | UNTRAINED | RESULTS


def test_the_window_of_what_nobody_trains(project: Project):
    project.edit_config("untrained.window", 2)
    # Of the claims none is about such a row.
    assert project.planned() == UNTRAINED | RESULTS - {Job("claims", "paper=cost")}


def test_a_comment_and_a_docstring_in_the_package(project: Project):
    path = project.root / "src/semtok/tokenizers/cost.py"
    path.write_text(path.read_text().replace('"""', '"""Edited. ', 1) + "\n# a comment\n")
    assert project.planned() == set()


def test_the_body_of_cost(project: Project):
    path = project.root / "src/semtok/tokenizers/cost.py"
    path.write_text(path.read_text() + "\n\nEDITED = True\n")
    assert project.planned() == project.dry_run() == everything_of(COST) | RESULTS


def test_the_body_of_the_beam_search(project: Project):
    project.edit_file("src/semtok/recommenders/exhaustive.py", "PREFIXES_AT_ONCE = 2048", "PREFIXES_AT_ONCE = 1024")
    assert project.planned() == recommender_jobs(CODED, "decode", "evaluate") | RESULTS


def test_the_body_of_a_script(project: Project):
    path = project.root / "workflow/scripts/stack.py"
    path.write_text(path.read_text() + "\nEDITED = True\n")
    assert project.planned() == {STACKED, Job("stacked_table", "exhibit=table1")}


def test_one_more_resample(project: Project):
    project.edit_config("evaluation.bootstrap_samples", 101)
    assert project.planned() == RESULTS


def test_a_fresh_clone_with_the_results_copied_over(finished: Project, tmp_path: Path):
    clone = copy_of_the_project(tmp_path / "clone")
    for path in sorted((clone.root / "workflow").rglob("*")) + sorted((clone.root / "config").rglob("*")):
        path.touch()
    shutil.copytree(finished.root / "results", clone.root / "results")
    assert clone.planned() == set()


def test_what_snakemake_has_forgotten_is_compared_with_the_records(finished: Project, tmp_path: Path):
    clone = copy_of_the_project(tmp_path / "clone")
    shutil.copytree(finished.root / "results", clone.root / "results")
    clone.edit_config("tokenizers.cost.temperature", 0.5)
    assert clone.planned() == everything_of(["cost"]) | RESULTS


def reversed_keys(value):
    if isinstance(value, dict):
        return {key: reversed_keys(value[key]) for key in reversed(value)}
    return value


@pytest.mark.parametrize("name", ["config/config.yaml", "tiny.yaml"])
def test_reordered_keys(project: Project, name: str):
    path = project.root / name
    before = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump(reversed_keys(before), sort_keys=False))
    assert yaml.safe_load(path.read_text()) == before
    assert project.planned() == set()


def test_threads_and_memory(project: Project):
    project.edit_file("workflow/rules/recommenders.smk", '"train", "mem_mb", 8000', '"train", "mem_mb", 64000')
    project.edit_file("workflow/rules/recommenders.smk", '"train", "threads", 1', '"train", "threads", 4')
    assert project.planned() == set()
