"""Rules that train in two processes, as with two GPUs."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file

from semtok.run.files import read_json
from support.project import Job, Project

TOKENIZER = "results/tokenizers/mind/cost/0"
RUN = "results/recommenders/mind/cost/tiger/0"


def results(project: Project) -> dict[str, np.ndarray]:
    history = {
        folder: pd.read_csv(project.root / folder / "history.csv").to_numpy(float) for folder in (TOKENIZER, RUN)
    }
    weights = {folder: load_file(project.root / folder / "model.safetensors") for folder in (TOKENIZER, RUN)}
    return history | {f"{folder} {name}": array for folder in weights for name, array in weights[folder].items()}


@pytest.mark.slow
def test_rules_train_in_two_processes_as_in_one(project: Project, monkeypatch):
    expected, codes = results(project), np.load(project.root / TOKENIZER / "codes.npy")
    monkeypatch.setenv("SEMTOK_DEVICE", "cpu")
    monkeypatch.setenv("SEMTOK_PROCESSES", "2")
    model = f"{RUN}/model.safetensors"
    project.snakemake("--cores", "2", "--set-threads", "tokenize=2", "--forcerun", "tokenize", "--", model)
    for name in ("tokenize/mind/cost/0.log", "train/mind/cost/tiger/0.log"):
        assert "one of 2 processes on cpu" in (project.root / "results/logs" / name).read_text()
        record = read_json(project.root / "results/records" / Path(name).with_suffix(".json"))
        assert record["environment"]["hardware"]["processes"] == 2
        assert record["environment"]["hardware"]["device"] == "cpu"
        assert "accelerate" in record["environment"]["packages"]
    found = results(project)
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_allclose(found[name], array, rtol=1e-3, atol=1e-4, err_msg=name)
    np.testing.assert_array_equal(np.load(project.root / TOKENIZER / "codes.npy"), codes)
    # The number of processes is nothing that a job depends on: what was made in one and in two goes together.
    planned = project.planned()
    of_cost = {job.rule for job in planned if "tokenizer=cost," in job.wildcards}
    assert not of_cost & {"tokenize", "train"}
    assert Job("decode", "dataset=mind, tokenizer=cost, recommender=tiger, seed=0") in planned


def test_more_gpus_than_there_are_end_the_job_with_a_message(project: Project, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.delenv("SEMTOK_DEVICE", raising=False)
    done = project.snakemake(
        *("--cores", "1", "--set-resources", "tokenize:gpu=3", "--forcerun", "tokenize"),
        *("--", f"{TOKENIZER}/codes.npy"),
        check=False,
    )
    assert done.returncode
    assert "the job asks for 3 GPUs" in (project.root / "results/logs/tokenize/mind/cost/0.log").read_text()
