"""A rule that trains in two processes, as with two GPUs."""

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file

from semtok.run.files import read_json
from support.project import Job, Project

RUN = "results/recommenders/mind/cost/tiger/0"


def results(project: Project) -> dict[str, np.ndarray]:
    history = pd.read_csv(project.root / RUN / "history.csv").to_numpy(float)
    return {"history": history, **load_file(project.root / RUN / "model.safetensors")}


@pytest.mark.slow
def test_train_in_two_processes_is_train_in_one(project: Project, monkeypatch):
    expected = results(project)
    monkeypatch.setenv("SEMTOK_DEVICE", "cpu")
    monkeypatch.setenv("SEMTOK_PROCESSES", "2")
    model = f"{RUN}/model.safetensors"
    project.snakemake("--cores", "2", "--set-threads", "train=2", "--forcerun", "train", "--", model)
    name = "train/mind/cost/tiger/0"
    assert "one of 2 processes on cpu" in (project.root / f"results/logs/{name}.log").read_text()
    hardware = read_json(project.root / f"results/records/{name}.json")["environment"]["hardware"]
    assert (hardware["processes"], hardware["device"]) == (2, "cpu")
    found = results(project)
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_allclose(found[name], array, rtol=1e-3, atol=1e-4, err_msg=name)
    # The number of processes is nothing that a job depends on: what was made in one and in two goes together.
    planned = project.planned()
    of_cost = {job.rule for job in planned if "tokenizer=cost," in job.wildcards}
    assert "train" not in of_cost
    assert Job("decode", "dataset=mind, tokenizer=cost, recommender=tiger, seed=0") in planned


def test_more_gpus_than_there_are_end_the_job_with_a_message(project: Project, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.delenv("SEMTOK_DEVICE", raising=False)
    done = project.snakemake(
        *("--cores", "1", "--set-resources", "train:gpu=3", "--forcerun", "train"),
        *("--", f"{RUN}/model.safetensors"),
        check=False,
    )
    assert done.returncode
    assert "the job asks for 3 GPUs" in (project.root / "results/logs/train/mind/cost/tiger/0.log").read_text()
