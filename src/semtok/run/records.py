"""What a job was: its config slice and code, the bytes it read and wrote, and where and with what it ran.

A record is written beside no output and is no output: nothing reruns for it, and no result depends on it. That is why
the digest of a job's code leaves this module out (`semtok.run.digest`), and why it must import nothing of the package
but `semtok.run.files`. Records are meant to be shared: they hold no path outside the project, no host and no user name.
"""

import hashlib
import logging
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from semtok.run.files import sha256, write_json

LOGS, RECORDS, BENCHMARKS = "logs", "records", "benchmarks"
"""The job that logs to RESULTS/logs/X.log has its record in RESULTS/records/X.json, and Snakemake's measurements in
RESULTS/benchmarks/X.tsv."""

# What a commit is compared with: files that a job's results may come from, but not what jobs write there.
_SOURCES = ("Snakefile", "workflow", "src", "config", ":(exclude)config/checksums.yaml")
_GIT_TIME_LIMIT = 10.0
"""Seconds; a slow file system must not hold up a job."""

log = logging.getLogger(__name__)
_workers: list[dict[str, Any]] = []


def of_this_process(threads: int) -> dict[str, Any]:
    """What a process tells of itself, as plain values: peak memory, Python, packages that it has imported, processor
    and threads, and where it computes with torch device, precision and peak GPU memory."""
    hardware: dict[str, Any] = {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _proc("cpuinfo", "model name") or platform.processor(),
        "processors": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "threads": threads,
    }
    # Neither is imported here: whoever computes with torch has, and all others shall not wait for it.
    if devices := sys.modules.get("semtok.run.devices"):
        hardware |= devices.hardware()
    torch = sys.modules.get("torch")
    if torch and torch.cuda.is_available() and torch.cuda.is_initialized():
        hardware["peak_gpu_memory_mb"] = round(torch.cuda.max_memory_allocated() / 1e6)
    return {
        "peak_memory_mb": _peak_memory_mb(),
        "python": platform.python_version(),
        "packages": _packages(),
        "hardware": hardware,
    }


def add_workers(processes: Sequence[dict[str, Any]]) -> None:
    """The record of the job includes these processes, whose `of_this_process` in order of their number it gets."""
    _workers[:] = processes


class Record:
    """The record of a running job; `snakemake` is the object of that name in its script."""

    def __init__(self, snakemake: Any) -> None:
        self._snakemake = snakemake
        log_path = Path(snakemake.log[0])
        self.results = results_of(log_path)
        self._path = self.results / RECORDS / log_path.relative_to(self.results / LOGS).with_suffix(".json")
        self._started = datetime.now(UTC)
        self._clock = time.perf_counter()
        # Whatever made the outputs before, it is not what makes them now.
        self._path.unlink(missing_ok=True)

    def content(self, *later: str | Path) -> dict[str, Any]:
        """The record as it is now; the outputs `later` are not written yet."""
        snakemake = self._snakemake
        params = dict(snakemake.params)
        outputs = [path for path in snakemake.output if path not in map(str, later)]
        processes = [of_this_process(snakemake.threads), *_workers]
        return {
            "rule": snakemake.rule,
            "wildcards": dict(snakemake.wildcards),
            "code": params.pop("code", None),
            "config": portable(params),
            "inputs": [_file(path) for path in dict.fromkeys(snakemake.input)],
            "outputs": [_file(path) for path in outputs],
            "started": self._started.isoformat(timespec="seconds"),
            "seconds": round(time.perf_counter() - self._clock, 2),
            "peak_memory_mb": sum(process["peak_memory_mb"] for process in processes),
            "environment": {**commit(), **_together(processes)},
        }

    def write(self) -> None:
        """Write the record. A job that has done its work does not fail for it: a warning tells that there is none."""
        try:
            write_json(self._path, self.content())
        except (OSError, ValueError) as error:
            log.warning("%s: no record of this job was written: %s", self._path, error)


def results_of(log_path: str | Path) -> Path:
    """The folder of results that a job's log lies in."""
    parts = Path(log_path).parts
    return Path(*parts[: parts.index(LOGS)])


def checksum(path: str | Path) -> str:
    """The SHA-256 of a file; of a folder, that of the names and checksums of all its files."""
    path = Path(path)
    if not path.is_dir():
        return sha256(path)
    files = sorted(file for file in path.rglob("*") if file.is_file() and not file.name.startswith("."))
    lines = "".join(f"{file.relative_to(path).as_posix()} {sha256(file)}\n" for file in files)
    return hashlib.sha256(lines.encode()).hexdigest()


def portable(value: Any) -> Any:
    """The same plain value; of a path outside the project only its last part is left, `.../NAME`."""
    if isinstance(value, dict):
        return {key: portable(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [portable(entry) for entry in value]
    if not isinstance(value, str):
        return value
    is_outside = os.path.isabs(value) or value.startswith("~") or os.path.normpath(value).split(os.sep)[0] == ".."
    return f".../{Path(value).name}" if is_outside else value


def commit() -> dict[str, Any]:
    """The commit of the code that runs, and whether files differ from it; null where git does not know this code."""
    root = Path(__file__).parents[3]
    # Without optional locks: jobs that run side by side must not wait for each other's index.
    command = ["git", "--no-optional-locks", "-C", str(root)]

    def git(*arguments: str) -> str:
        run = [*command, *arguments]
        return subprocess.run(run, check=True, capture_output=True, text=True, timeout=_GIT_TIME_LIMIT).stdout

    try:
        # An enclosing repository that this copy is not part of would name a commit of something else.
        git("ls-files", "--error-unmatch", "--", str(Path(__file__).relative_to(root)))
        return {
            "commit": git("rev-parse", "HEAD").strip(),
            "modified": bool(git("status", "--porcelain", "--", *_SOURCES)),
        }
    except (OSError, subprocess.SubprocessError):
        return {"commit": None, "modified": None}


def _together(processes: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What the processes of a job ran with. The first is the job's own, which only waits where there are others."""
    packages = {name: version for process in processes for name, version in process["packages"].items()}
    found = {name: value for process in processes for name, value in process["hardware"].items()}
    found["threads"] = processes[0]["hardware"]["threads"]
    if len(processes) > 1:
        found["processes"] = len(processes) - 1
    if "peak_gpu_memory_mb" in found:
        found["peak_gpu_memory_mb"] = max(p["hardware"].get("peak_gpu_memory_mb", 0) for p in processes)
    return {"python": processes[0]["python"], "packages": dict(sorted(packages.items())), "hardware": found}


def _packages() -> dict[str, str]:
    # Not by attribute: some packages answer `__version__` by importing more, or with a warning.
    versions = {name: vars(module).get("__version__") for name, module in sys.modules.items() if module}
    return {
        name: str(version)
        for name, version in sorted(versions.items())
        if isinstance(version, str) and "." not in name and name not in sys.stdlib_module_names
    }


def _proc(file: str, name: str) -> str | None:
    """A value that Linux tells in `/proc`, None elsewhere."""
    with suppress(OSError), open(f"/proc/{file}", encoding="utf-8") as lines:
        return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(name)), None)
    return None


def _peak_memory_mb() -> int:
    """Peak resident memory of this process."""
    if peak := _proc("self/status", "VmHWM"):
        return round(int(peak.split()[0]) * 1024 / 1e6)
    # On Linux this would be the parent's where that was larger when it started this process.
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3))


def _file(path: str) -> dict[str, str]:
    return {"path": portable(path), "sha256": checksum(path)}
