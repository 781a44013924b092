"""Locks that die with their owner: drivers of a folder, workers of a job."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

import semtok
from semtok.errors import SemtokError
from semtok.run.locks import driver_is_gone, hold_folder

PATH = os.pathsep.join([str(Path(semtok.__file__).parents[1]), str(Path(__file__).parents[1])])
DRIVER = """
import os, subprocess, sys, time
from pathlib import Path
from semtok.run.locks import hold_folder
hold_folder(Path("driver.lock"))
print(os.environ["SEMTOK_DRIVER"], flush=True)
if len(sys.argv) > 1:
    subprocess.run([sys.executable, "-c", sys.argv[1]])
time.sleep(60)
"""
WORKER = """
import os, time
from pathlib import Path
from semtok.run import locks
from semtok.run.jobs import job
from support.jobs import snakemake_object
locks.driver_is_gone.__defaults__ = (Path("driver.lock"),)
with job(snakemake_object([], [])):
    Path("worker").write_text(str(os.getpid()))
    while not Path("go").exists():
        time.sleep(0.05)
    Path("result").write_text("{name}")
"""


def start(folder: Path, program: str, *arguments: str, **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": PATH} | variables,
    )


def wait_for(path: Path) -> str:
    deadline = time.monotonic() + 120
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < deadline, path
        time.sleep(0.05)
    return path.read_text()


@pytest.fixture
def own_environment(monkeypatch):
    monkeypatch.setenv("SEMTOK_DRIVER", "")


def test_a_living_driver_is_not_joined_and_a_dead_one_not_missed(tmp_path, own_environment):
    lock = tmp_path / "driver.lock"
    driver = start(tmp_path, DRIVER)
    name = driver.stdout.readline().strip()
    assert f"process {driver.pid} on {socket.gethostname()}" in name
    assert not driver_is_gone(name, lock)
    with pytest.raises(SemtokError, match=rf"another driver works in this folder \(process {driver.pid} on"):
        hold_folder(lock, patience=0)
    # Not waited for: a zombie is dead enough.
    os.kill(driver.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while not driver_is_gone(name, lock) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert driver_is_gone(name, lock)
    hold_folder(lock, patience=1)
    assert driver_is_gone(name, lock)
    driver.wait()


def test_a_driver_that_ended_in_order_leaves_no_name(tmp_path):
    driver = start(tmp_path, DRIVER.replace("time.sleep(60)", ""))
    assert driver.wait() == 0
    assert (tmp_path / "driver.lock").read_text() == ""


def test_a_driver_that_was_killed_on_another_host_is_asked_about(tmp_path):
    (tmp_path / "driver.lock").write_text("process 7 on elsewhere, since 2026-01-01 00:00:00")
    with pytest.raises(SemtokError, match=r"process 7 on elsewhere.*delete this file"):
        hold_folder(tmp_path / "driver.lock", patience=0)


def test_workers_end_with_their_driver(tmp_path):
    driver = start(tmp_path, DRIVER, WORKER.format(name="orphan"))
    worker = int(wait_for(tmp_path / "worker"))
    os.kill(driver.pid, signal.SIGKILL)
    driver.communicate()
    deadline = time.monotonic() + 30
    while os.path.exists(f"/proc/{worker}/cmdline") and Path(f"/proc/{worker}/cmdline").read_bytes():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert "is gone; the job ends" in (tmp_path / "results/logs/job.log").read_text()
    assert not (tmp_path / "result").exists()


def test_a_worker_waits_for_an_earlier_one_of_the_same_job(tmp_path):
    (tmp_path / ".snakemake").mkdir()
    first = start(tmp_path, WORKER.format(name="first"), SEMTOK_DRIVER="")
    wait_for(tmp_path / "worker")
    (tmp_path / "results/logs/job.log").unlink()  # as Snakemake does before a job
    second = start(tmp_path, WORKER.format(name="second"), SEMTOK_DRIVER="")
    assert "job.log: an earlier worker of this job still runs; waiting for its end" in second.stderr.readline()
    (tmp_path / "go").touch()
    assert first.wait() == second.wait() == 0
    assert (tmp_path / "result").read_text() == "second"
