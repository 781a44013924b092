import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from semtok.errors import SemtokError
from semtok.run import distributed
from semtok.run.distributed import launch
from support import several
from support.trainings import RECOMMENDERS, on_disk

ROOT = Path(__file__).parents[2]
BOUND = 600.0
"""Seconds, for a machine that has much else to do: it takes 10 where it has not."""


@pytest.fixture(autouse=True)
def _two_processes_on_one_processor(monkeypatch):
    monkeypatch.setenv("SEMTOK_DEVICE", "cpu")
    monkeypatch.setenv("SEMTOK_DTYPE", "float32")
    monkeypatch.setenv("SEMTOK_PROCESSES", "2")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return on_disk(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def results(data, tmp_path_factory):
    """Of one process and of two, by name: the losses of every step, the history and the weights."""
    folder, told = tmp_path_factory.mktemp("results"), []
    arguments = {"folder": str(data), "recommenders": RECOMMENDERS}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"DEVICE": "cpu", "DTYPE": "float32", "PROCESSES": "2"}.items():
            patch.setenv(f"SEMTOK_{name}", value)
        patch.setattr(distributed, "add_workers", told.extend)
        launch(several.share_and_train_all, arguments | {"out": str(folder / "two")}, 0, 2, str(folder / "two.log"))
        several.train_all(**arguments, out=str(folder / "one"))
    assert [process["hardware"]["threads"] for process in told] == [1, 1]
    assert "one of 2 processes on cpu" in (folder / "two.log").read_text()
    return {
        name: tuple(dict(np.load(folder / f"{which}-{name}.npz")) for which in ("one", "two")) for name in RECOMMENDERS
    }


@pytest.mark.parametrize("name", list(RECOMMENDERS))
def test_two_processes_train_as_one_does(results, name):
    one, two = results[name]
    assert len(one["losses"]) > 8
    np.testing.assert_allclose(two["losses"], one["losses"], rtol=1e-4)
    assert one.keys() == two.keys()
    for part in one.keys() - {"losses"}:
        np.testing.assert_allclose(two[part], one[part], rtol=1e-3, atol=1e-4, err_msg=part)


def test_the_data_have_what_makes_two_processes_hard(results, data):
    interactions = pd.read_parquet(data / "interactions.parquet")
    n_prefixes = (interactions["split"] == "train").sum() - interactions["user"].nunique()
    assert n_prefixes % 15 == 1
    assert len(results["tiger"][0]["losses"]) == 3 * (n_prefixes // 15 + 1)


def test_an_error_in_one_process_ends_the_job_with_its_message(tmp_path):
    started, log = time.monotonic(), tmp_path / "job.log"
    with pytest.raises(SemtokError, match=r"^vectors\.npy: found a hole$"):
        launch(several.fail_alone, {"message": "vectors.npy: found a hole"}, 0, 2, str(log))
    # It waited for nobody: torch's own patience with a missing process is half an hour, ours a day.
    assert time.monotonic() - started < BOUND
    assert "ERROR semtok: process 1: vectors.npy: found a hole" in log.read_text()


@pytest.mark.slow
def test_a_defect_ends_the_job_with_its_traceback_in_the_log(tmp_path):
    log = tmp_path / "job.log"
    with pytest.raises(RuntimeError, match=r"^process [01]: ZeroDivisionError: division by zero; see .*job\.log$"):
        launch(several.divide_by_zero, {}, 0, 2, str(log))
    assert "in divide_by_zero" in log.read_text()


def test_a_killed_process_ends_the_job_and_the_next_run_resumes(results, data, tmp_path, monkeypatch):
    monkeypatch.setenv("SEMTOK_CHECKPOINT_SECONDS", "0")
    options, checkpoint = RECOMMENDERS["tiger"], tmp_path / "checkpoint.pt"
    arguments = {"folder": str(data), "options": options, "checkpoint": str(checkpoint), "after": 12}
    with pytest.raises(SemtokError, match=r"one of 2 processes was killed.*SIGKILL.*job\.log.*resumes"):
        launch(several.train_and_lose_one, arguments, 0, 2, str(tmp_path / "job.log"))
    # On one process now: how many there are is no part of a checkpoint's identity.
    losses, resumed = several.train_recommender(str(data), options, str(checkpoint))
    one, _ = results["tiger"]
    # The other process may have been ended before it had written the checkpoint of the twelfth step.
    assert len(one["losses"]) - len(losses) in (11, 12)
    np.testing.assert_allclose(losses, one["losses"][-len(losses) :], rtol=1e-4)
    for name in resumed:
        np.testing.assert_allclose(resumed[name], one[name], rtol=1e-3, atol=1e-4)


PROGRAM = """
import sys
from semtok.run.distributed import launch
from support import several
if __name__ == "__main__":
    launch(several.wait_for_ever, {"folder": sys.argv[1]}, 0, 2, sys.argv[1] + "/job.log")
"""


@pytest.mark.slow
def test_processes_end_with_a_killed_job(tmp_path):
    (tmp_path / "script.py").write_text(PROGRAM)
    launcher = subprocess.Popen(
        [sys.executable, str(tmp_path / "script.py"), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")])},
    )
    pids = [tmp_path / f"pid-{rank}" for rank in range(2)]
    try:
        wait_until(lambda: all(path.exists() and path.read_text() for path in pids), launcher)
        running = [int(path.read_text()) for path in pids]
        assert all(is_running(pid) for pid in running)
    finally:
        launcher.send_signal(signal.SIGKILL)
        launcher.wait()
    wait_until(lambda: not any(is_running(pid) for pid in running))


def wait_until(holds, launcher=None):
    end = time.monotonic() + BOUND
    while not holds():
        assert time.monotonic() < end
        assert launcher is None or launcher.poll() is None
        time.sleep(0.2)


def is_running(pid):
    """A process that nobody has buried yet is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_one_process_is_a_call_and_nothing_else(monkeypatch):
    monkeypatch.setenv("SEMTOK_PROCESSES", "auto")
    seen = []

    def work(value):
        seen.append((value, distributed.count(), os.getpid(), torch.distributed.is_initialized()))

    launch(work, {"value": 3}, 1, 1, "no such folder/job.log")
    assert seen == [(3, 1, os.getpid(), False)]
    assert distributed.share(7) == (slice(0, 7), 1)


def test_shares_are_the_batch(monkeypatch):
    monkeypatch.setattr(distributed, "count", lambda: 3)
    for size in (3, 4, 5, 6, 20):
        rows = []
        for rank in range(3):
            monkeypatch.setattr(distributed, "rank", lambda rank=rank: rank)
            own, n_copies = distributed.share(size)
            assert n_copies == 1
            rows.append(np.arange(size)[own].tolist())
        assert np.concatenate(rows).tolist() == list(range(size))
        assert max(map(len, rows)) - min(map(len, rows)) <= 1
    assert distributed.share(2) == (slice(0, 2), 3)
