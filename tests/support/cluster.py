"""The one-machine Slurm of the tests, and runs of a project on it."""

import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from support.project import ROOT, Project

SCRIPTS = ROOT / "tests/slurm"
# Without accounting, squeue tells how jobs ended; two seconds instead of forty before the first look.
FOR_A_TEST = ("--slurm-status-command", "squeue", "--slurm-init-seconds-before-status-checks", "2")
ENDED = {"COMPLETED", "FAILED", "TIMEOUT", "CANCELLED", "OUT_OF_MEMORY", "NODE_FAIL"}


@dataclass(frozen=True)
class SlurmJob:
    """What Slurm tells of a job: `name` is the rule and the wildcards, times are of its clock, to the second."""

    number: int
    name: str
    state: str
    partition: str
    tres: str
    memory: str
    time_limit: str
    submitted: datetime
    started: datetime | None
    ended: datetime | None


@dataclass(frozen=True)
class Cluster:
    environment: dict[str, str]

    def jobs(self, project: Project) -> list[SlurmJob]:
        """All jobs of a project, ended ones too, in the order of their submission."""
        text = self.command("scontrol", "show", "jobs", "--oneliner")
        jobs = [dict(re.findall(r"(\w+)=(\S*)", line)) for line in text.splitlines()]
        mine = [job for job in jobs if job.get("WorkDir") == str(project.root)]
        return sorted(map(_slurm_job, mine), key=lambda job: job.number)

    def command(self, *words: str) -> str:
        """What one of Slurm's programs prints."""
        done = subprocess.run(words, env=self.environment, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def active(self, project: Project) -> list[SlurmJob]:
        return [job for job in self.jobs(project) if job.state not in ENDED]

    def driver(self, project: Project, *arguments: str) -> "Driver":
        """Start `snakemake --profile slurm` in the project."""
        return _start(project, self.environment, "--profile", "slurm", *FOR_A_TEST, *arguments)


@dataclass(frozen=True)
class Driver:
    process: subprocess.Popen[bytes]
    log: Path

    def wait(self, seconds: float) -> int:
        """Its exit status; the log's end in the error when it takes too long."""
        try:
            return self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {seconds} s:\n{self.log.read_text()[-4000:]}") from None

    def interrupt(self) -> None:
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)


def local_run(project: Project, *targets: str) -> Driver:
    """Start `snakemake` in the project, without Slurm."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return _start(project, environment | {"OMP_NUM_THREADS": "1"}, "--cores", "1", *targets)


@contextmanager
def one_machine(**variables: str) -> Iterator[Cluster]:
    """A Slurm in a folder of its own, stopped and removed at the end, with all its jobs.

    variables: of the environment of drivers and jobs.
    """
    with tempfile.TemporaryDirectory(prefix="semtok-slurm-", ignore_cleanup_errors=True) as parent:
        folder = Path(parent) / "run"
        try:
            done = subprocess.run([SCRIPTS / "up.sh", folder], capture_output=True, text=True, timeout=120, check=False)
            assert done.returncode == 0, done.stderr
            exports = dict(word.partition("=")[::2] for word in shlex.split(done.stdout) if "=" in word)
            environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
            environment |= {"SLURM_CONF": exports["SLURM_CONF"], "OMP_NUM_THREADS": "1"}
            environment |= variables | {"PATH": exports["PATH"].replace("$PATH", environment["PATH"])}
            yield Cluster(environment)
        finally:
            subprocess.run([SCRIPTS / "down.sh", folder], timeout=300, check=False)


@contextmanager
def running(driver: Driver) -> Iterator[Driver]:
    """Ends a driver that still runs when the block is left."""
    try:
        yield driver
    finally:
        with suppress(ProcessLookupError):
            os.killpg(driver.process.pid, signal.SIGKILL)


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.5)


def _start(project: Project, environment: dict[str, str], *arguments: str) -> Driver:
    log = project.root / "driver.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "snakemake", *arguments, "--configfile", "tiny.yaml"],
            cwd=project.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            # Where the tests run in the background of a shell, Ctrl-C is ignored, and so it would be here.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
    return Driver(process, log)


def _slurm_job(fields: dict[str, str]) -> SlurmJob:
    return SlurmJob(
        number=int(fields["JobId"]),
        name=fields["Comment"].removeprefix("rule_").replace("_wildcards_", " "),
        state=fields["JobState"],
        partition=fields["Partition"],
        tres=fields.get("TresPerJob", ""),
        memory=fields["MinMemoryNode"],
        time_limit=fields["TimeLimit"],
        submitted=datetime.fromisoformat(fields["SubmitTime"]),
        started=_time(fields["StartTime"]),
        ended=_time(fields["EndTime"]),
    )


def _time(text: str) -> datetime | None:
    return None if text in ("Unknown", "N/A", "None") else datetime.fromisoformat(text)
