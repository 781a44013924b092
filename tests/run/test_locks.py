"""Locks that die with their owner: drivers of a folder, workers of a job."""

import errno
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

import semtok
from semtok.errors import SemtokError
from semtok.run.locks import hold_folder

PATH = os.pathsep.join([str(Path(semtok.__file__).parents[1]), str(Path(__file__).parents[1])])
DRIVER = """
import os, subprocess, sys, time
from pathlib import Path
from semtok.run.locks import hold_folder
hold_folder(Path("locks"))
print(os.environ["SEMTOK_DRIVER"], flush=True)
if len(sys.argv) > 1:
    subprocess.run([*sys.argv[2:], sys.executable, "-c", sys.argv[1]])
time.sleep(60)
"""
# What Snakemake puts between a driver and its job: a process that starts the command that follows and waits for it.
BETWEEN = [sys.executable, "-c", "import subprocess, sys; subprocess.run(sys.argv[1:])"]
WORKER = """
import os, time
from pathlib import Path
from semtok.run.jobs import job
from support.jobs import snakemake_object
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


def test_a_living_driver_is_not_joined_and_a_killed_one_is_no_obstacle(tmp_path, own_environment):
    locks = tmp_path / "locks"
    driver = start(tmp_path, DRIVER)
    assert driver.stdout.readline().strip() == str(driver.pid)
    with pytest.raises(
        SemtokError, match=rf"another driver works in this folder \(process {driver.pid} on {socket.gethostname()}, "
    ):
        hold_folder(locks)
    driver.kill()
    driver.wait()
    hold_folder(locks)
    assert f"process {os.getpid()} on " in (locks / "driver").read_text()


def test_a_driver_that_ended_in_order_leaves_no_name(tmp_path):
    driver = start(tmp_path, DRIVER.replace("time.sleep(60)", ""))
    assert driver.wait() == 0
    assert not (tmp_path / "locks/driver").exists()


def test_a_driver_that_was_killed_on_another_host_is_asked_about(tmp_path):
    (tmp_path / "driver").write_text("process 7 on elsewhere, since 2026-01-01 00:00:00")
    with pytest.raises(SemtokError, match=r"process 7 on elsewhere.*delete this file"):
        hold_folder(tmp_path)


def test_a_file_system_without_locks_is_a_warning(tmp_path, own_environment, monkeypatch, caplog):
    def acquire(self, timeout):
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr("filelock.FileLock.acquire", acquire)
    hold_folder(tmp_path)
    assert "nothing keeps a second process away" in caplog.text


@pytest.mark.parametrize("between", [[], BETWEEN], ids=["child", "grandchild"])
@pytest.mark.parametrize("is_waited_for", [True, False])
def test_workers_end_with_their_driver(tmp_path, between, is_waited_for):
    driver = start(tmp_path, DRIVER, WORKER.format(name="orphan"), *between)
    worker = psutil.Process(int(wait_for(tmp_path / "worker")))
    driver.kill()
    if is_waited_for:
        driver.wait()
    # Whoever adopts it may not ask how it ended.
    deadline = time.monotonic() + 30
    while worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    driver.communicate()
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
