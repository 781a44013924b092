import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

import semtok

PROGRAM = """
import sys, json, torch, pandas as pd, numpy as np
from semtok.config.over_codes import TIGER
from semtok.recommenders.task import RecommenderTask
from semtok.recommenders.tiger import train
torch.set_num_threads(1)
folder = sys.argv[1]
options = TIGER(**json.load(open(folder + "/options.json")))
interactions, targets = (pd.read_parquet(f"{folder}/{name}.parquet") for name in ("interactions", "targets"))
task = RecommenderTask(options, interactions, targets, 0, np.load(folder + "/codes.npy"))
weights, history = train(task, sys.argv[2], "same")
torch.save(weights, sys.argv[3])
history.to_csv(sys.argv[3] + ".csv")
"""


def start(folder, seconds, name):
    arguments = [str(folder), str(folder / f"{name}.checkpoint"), str(folder / f"{name}.weights")]
    source = str(Path(semtok.__file__).parents[1])
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments],
        env={
            **{"PYTHONPATH": source, "SEMTOK_DEVICE": "cpu", "SEMTOK_DTYPE": "float32"},
            "SEMTOK_CHECKPOINT_SECONDS": str(seconds),
        },
    )


@pytest.mark.slow
def test_processes_killed_at_any_moment_end_in_the_same_weights(make_options, world, codes, tmp_path):
    (tmp_path / "options.json").write_text(make_options(epochs=40).model_dump_json())
    np.save(tmp_path / "codes.npy", codes)
    for name, table in zip(("interactions", "targets"), world, strict=True):
        table.to_parquet(tmp_path / f"{name}.parquet")
    assert start(tmp_path, 1e9, "whole").wait() == 0
    kills = 0
    delays = random.Random(0)
    while True:
        process = start(tmp_path, 0.05, "killed")
        try:
            assert process.wait(timeout=delays.uniform(3, 6)) == 0
            break
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
        assert kills < 60
        time.sleep(0.1)
    assert kills >= 1
    weights, resumed = (torch.load(tmp_path / f"{name}.weights") for name in ("whole", "killed"))
    assert all(torch.equal(weight, resumed[name]) for name, weight in weights.items())
    assert (tmp_path / "whole.weights.csv").read_text() == (tmp_path / "killed.weights.csv").read_text()
