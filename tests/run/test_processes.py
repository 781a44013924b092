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
from semtok.run.launch import launch
from semtok.tokenizers.training_loop import Training

from semtok.config.tokenizers import CoSTTokenizer
from semtok.errors import SemtokError
from semtok.run import processes
from semtok.tokenizers.cost import CoST
from semtok.tokenizers.vectors import read_catalogue
from support import several
from support.trainings import N_ITEMS, RECOMMENDERS, TOKENIZERS, on_disk

ROOT = Path(__file__).parents[2]
BOUND = 600.0
"""Seconds, for a machine that has much else to do: it takes 10 where it has not."""


@pytest.fixture(autouse=True)
def _two_processes_on_one_processor(monkeypatch):
    monkeypatch.setenv("SEMTOK_DEVICE", "cpu")
    monkeypatch.setenv("SEMTOK_DTYPE", "float32")
    monkeypatch.setenv("SEMTOK_PROCESSES", "2")
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "tests"))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return on_disk(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def results(data, tmp_path_factory):
    """Of one process and of two, by name: the losses of every step, the history and the weights."""
    folder = tmp_path_factory.mktemp("results")
    arguments = {"folder": str(data), "tokenizers": TOKENIZERS, "recommenders": RECOMMENDERS}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"DEVICE": "cpu", "DTYPE": "float32", "PROCESSES": "2"}.items():
            patch.setenv(f"SEMTOK_{name}", value)
        patch.setenv("PYTHONPATH", str(ROOT / "tests"))
        launch(several.train_all, arguments | {"out": str(folder / "two")}, 0, 2, str(folder / "two.log"))
        several.train_all(**arguments, out=str(folder / "one"))
    return {
        name: tuple(dict(np.load(folder / f"{which}-{name}.npz")) for which in ("one", "two"))
        for name in (*TOKENIZERS, *RECOMMENDERS)
    }


@pytest.mark.parametrize("name", [name for name in (*TOKENIZERS, *RECOMMENDERS) if "apart" not in name])
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
    assert n_prefixes % 15 == N_ITEMS % 80 == 1
    assert len(results["tiger"][0]["losses"]) == 3 * (n_prefixes // 15 + 1)
    moved_codewords = results["rqvae"][0]["history"][:, -1]
    assert moved_codewords.sum() > 0


def test_without_gathering_negatives_are_those_of_the_own_process(results, data):
    """The first step by hand: 31 items, of which one process has 16 and the other 15."""
    options = CoSTTokenizer.model_validate(TOKENIZERS["cost-apart"])
    training = Training(CoST, options, read_catalogue(data / "text.npy"), 0)
    training._start()
    x = training.vectors(next(training.batches(epoch=1)))
    with torch.no_grad():
        decoded, quantized = training.model(x)

    def contrast(n_first, n_last):
        given, made = (part[n_first:n_last].double().numpy() for part in (x, decoded))
        cosine = given @ made.T / np.outer(np.linalg.norm(given, axis=1), np.linalg.norm(made, axis=1))
        return (np.log(np.exp(cosine / 0.1).sum(axis=1)) - np.diag(cosine) / 0.1).sum()

    of_each = (contrast(0, 16) + contrast(16, 31)) / 31
    of_all = contrast(0, 31) / 31
    one, two = results["cost-apart"]
    assert two["losses"][0] == pytest.approx(0.1 * of_each + float(quantized.loss), rel=1e-5)
    assert one["losses"][0] == pytest.approx(0.1 * of_all + float(quantized.loss), rel=1e-5)
    assert of_each < of_all - 0.1
    assert results["simcit-apart"][1]["losses"][0] < results["simcit-apart"][0]["losses"][0] - 0.1
    # On one process the option changes nothing.
    np.testing.assert_array_equal(results["simcit-apart"][0]["losses"], results["simcit"][0]["losses"])


def test_an_error_in_one_process_ends_the_job_with_its_message(tmp_path):
    started, log = time.monotonic(), tmp_path / "job.log"
    with pytest.raises(SemtokError, match=r"^vectors\.npy: found a hole$"):
        launch(several.fail_alone, {"message": "vectors.npy: found a hole"}, 0, 2, str(log))
    # It waited for nobody: torch's own patience with a missing process is half an hour, ours a day.
    assert time.monotonic() - started < BOUND
    assert "ERROR semtok: process 1: vectors.npy: found a hole" in log.read_text()


def test_a_killed_process_ends_the_job_and_the_next_run_goes_on(results, data, tmp_path):
    options, checkpoint = RECOMMENDERS["tiger"], tmp_path / "checkpoint.pt"
    arguments = {"folder": str(data), "options": options, "checkpoint": str(checkpoint), "after": 12}
    with pytest.raises(SemtokError, match=r"one of 2 processes was killed.*job\.log.*resumes"):
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
from semtok.run.launch import launch
from support import several
from support.trainings import N_ITEMS, RECOMMENDERS, TOKENIZERS, on_disk
launch(several.wait_for_ever, {"folder": sys.argv[1]}, 0, 2, sys.argv[1] + "/job.log")
"""


@pytest.mark.slow
def test_processes_end_with_a_killed_job(tmp_path):
    launcher = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
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
        seen.append((value, processes.count(), os.getpid(), torch.distributed.is_initialized()))

    launch(work, {"value": 3}, 1, 1, "no such folder/job.log")
    assert seen == [(3, 1, os.getpid(), False)]
    assert processes.share(7) is processes.ALONE


def test_shares_are_the_batch(monkeypatch):
    monkeypatch.setattr(processes, "count", lambda: 3)
    for size in (3, 4, 5, 6, 20):
        shares = []
        for rank in range(3):
            monkeypatch.setattr(processes, "rank", lambda rank=rank: rank)
            shares.append(processes.share(size))
        rows = [np.arange(size)[part.rows].tolist() for part in shares]
        assert np.concatenate(rows).tolist() == list(range(size))
        assert [len(part) for part in rows] == list(shares[0].sizes)
        assert max(map(len, rows)) - min(map(len, rows)) <= 1
        assert [part.weight for part in shares] == [len(part) / size for part in rows]
    alike = processes.share(2)
    assert (np.arange(2)[alike.rows].tolist(), alike.weight, alike.copies, alike.sizes) == ([0, 1], 1 / 3, 3, ())
