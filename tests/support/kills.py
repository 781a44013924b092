"""A workflow that is killed again and again, and started again with the same command."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from support.project import Project

PATIENCE = 1200.0
"""Seconds after which a run that neither ends nor starts a job counts as hanging."""
# What is measured or logged differs from run to run.
MEASURED = ("logs", "benchmarks", "records")
PROVENANCE = (".provenance.json", ".provenance.html")


def run_through_kills(project: Project, targets: list[str], n_kills: int, seconds: float, seed: int) -> list[str]:
    """Run to the end, but kill the driver or a worker with -9 so many times; says of each kill what was hit when.

    seconds: about how long an undisturbed run takes; the kills are spread over it.
    """
    drawn = random.Random(seed)
    kills: list[str] = []
    while True:
        driver = start(project, targets)
        try:
            if len(kills) == n_kills:
                assert driver.wait(timeout=PATIENCE) == 0, log_of(project)
                return kills
            # From the first job on: before it there is nothing to harm but the start itself, of which 0 is a part.
            delay = drawn.uniform(0, 1.5 * seconds / n_kills)
            whom = drawn.choice(["driver", "worker"])
            if not wait_for_a_worker(driver):
                raise AssertionError(f"ended after {kills} with {driver.returncode}: {log_of(project)}")
            time.sleep(delay)
            kills += kill(driver, whom, delay, drawn)
        finally:
            if driver.poll() is None:
                driver.kill()
            driver.wait()


def start(project: Project, targets: list[str]) -> subprocess.Popen[bytes]:
    """The driver, its output in `driver.log`; every checkpoint is written that can be."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with (project.root / "driver.log").open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "snakemake", "--configfile", "tiny.yaml", "--cores", "2", "--", *targets],
            cwd=project.root,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment | {"OMP_NUM_THREADS": "1", "SEMTOK_CHECKPOINT_SECONDS": "0"},
        )


def kill(driver: subprocess.Popen[bytes], whom: str, delay: float, drawn: random.Random) -> list[str]:
    """Kill one of them; nobody if the run has ended by itself or no worker is there."""
    victims = [driver.pid] if whom == "driver" else sorted(process.pid for process in workers(driver))
    if driver.poll() is not None or not victims:
        return []
    victim = psutil.Process(drawn.choice(victims))
    job = next((Path(part).name for part in victim.cmdline() if ".snakemake/scripts" in part), "")
    victim.kill()
    if whom == "worker":
        # The driver lets the other jobs end, then says which one failed.
        assert driver.wait(timeout=PATIENCE) != 0
    said = f"{whom} {job} after {delay:.2f} s".replace("  ", " ")
    print(said, flush=True)
    return [said]


def workers(driver: subprocess.Popen[bytes]) -> Iterator[psutil.Process]:
    """The processes that run a script of a rule for this driver."""
    try:
        children = psutil.Process(driver.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return
    for child in children:
        try:
            command = child.cmdline()
        except (psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
        if len(command) > 1 and ".snakemake/scripts" in command[1]:
            yield child


def wait_for_a_worker(driver: subprocess.Popen[bytes]) -> bool:
    """Until it runs a job; False if it ends before."""
    deadline = time.monotonic() + PATIENCE
    while driver.poll() is None and time.monotonic() < deadline:
        if any(workers(driver)):
            return True
        time.sleep(0.05)
    return False


def contents(project: Project) -> dict[str, bytes]:
    """The results by path, without what is measured: times, speeds, logs."""
    results = project.root / "results"
    files = (path for path in results.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {
        str(path.relative_to(results)): path.read_bytes()
        for path in files
        if path.relative_to(results).parts[0] not in MEASURED and not path.name.endswith(PROVENANCE)
    }


def log_of(project: Project) -> str:
    return (project.root / "driver.log").read_text(errors="replace")[-4000:]
