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
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from semtok.run.files import sha256, write_json

LOGS = Path("results/logs")
RECORDS = Path("results/records")
"""The record of the job that logs to results/logs/X.log is results/records/X.json."""

# What a commit is compared with: files that a job's results may come from, but not what jobs write there.
_SOURCES = ("Snakefile", "workflow", "src", "config", ":(exclude)config/checksums.yaml")
_GIT_TIME_LIMIT = 10.0
"""Seconds; a slow file system must not hold up a job."""

log = logging.getLogger(__name__)
_helpers: list[dict[str, Any]] = []


def of_this_process(threads: int) -> dict[str, Any]:
    """What a process that does a job's work for it tells the job, as plain values."""
    return {"peak_memory_mb": _peak_memory_mb(), "hardware": hardware(threads), **software()}


def add_workers(processes: Sequence[dict[str, Any]]) -> None:
    """The record of the job includes these processes, whose `of_this_process` in order of their number it gets."""
    _helpers[:] = processes


class Record:
    """The record of a running job; `snakemake` is the object of that name in its script."""

    def __init__(self, snakemake: Any) -> None:
        self._snakemake = snakemake
        self._path = record_path(snakemake.log[0])
        self._started = datetime.now(UTC)
        self._clock = time.perf_counter()
        # Whatever made the outputs before, it is not what makes them now.
        self._path.unlink(missing_ok=True)

    def content(self, *later: str | Path) -> dict[str, Any]:
        """The record as it is now; the outputs `later` are not written yet."""
        snakemake = self._snakemake
        params = dict(snakemake.params)
        outputs = [path for path in snakemake.output if path not in map(str, later)]
        return {
            "rule": snakemake.rule,
            "wildcards": dict(snakemake.wildcards),
            "code": params.pop("code", None),
            "config": portable(params),
            "inputs": [_file(path) for path in dict.fromkeys(snakemake.input)],
            "outputs": [_file(path) for path in outputs],
            "started": self._started.isoformat(timespec="seconds"),
            "seconds": round(time.perf_counter() - self._clock, 2),
            **_surroundings(snakemake.threads),
        }

    def write(self) -> None:
        """Write the record. A job that has done its work does not fail for it: a warning tells that there is none."""
        try:
            write_json(self._path, self.content())
        except (OSError, ValueError) as error:
            log.warning("%s: no record of this job was written: %s", self._path, error)


def record_path(log_path: str | Path) -> Path:
    """Where the record of the job that logs to `log_path` lies."""
    return RECORDS / Path(log_path).relative_to(LOGS).with_suffix(".json")


def checksum(path: str | Path) -> str:
    """The SHA-256 of a file; of a folder, that of the names and checksums of all its files."""
    path = Path(path)
    if not path.is_dir():
        return sha256(path)
    files = sorted(file for file in path.rglob("*") if file.is_file() and not file.name.startswith("."))
    lines = "".join(f"{file.relative_to(path).as_posix()} {sha256(file)}\n" for file in files)
    return hashlib.sha256(lines.encode()).hexdigest()


def portable(value: Any) -> Any:
    """The same plain value; of paths outside the project only the last part is left, `.../NAME`."""
    if isinstance(value, dict):
        return {key: portable(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [portable(entry) for entry in value]
    return _name(value) if isinstance(value, str) else value


def commit() -> dict[str, Any]:
    """The commit of the code that runs, and whether files differ from it; null where git does not know this code."""
    root = Path(__file__).parents[3]
    unknown: dict[str, Any] = {"commit": None, "modified": None}
    try:
        # An enclosing repository that this copy is not part of would name a commit of something else.
        _git(root, "ls-files", "--error-unmatch", "--", str(Path(__file__).relative_to(root)))
        head = _git(root, "rev-parse", "HEAD").strip()
        return {"commit": head, "modified": bool(_git(root, "status", "--porcelain", "--", *_SOURCES))}
    except (OSError, subprocess.SubprocessError):
        return unknown


def _git(root: Path, *arguments: str) -> str:
    # Without optional locks: jobs that run side by side must not wait for each other's index.
    command = ["git", "--no-optional-locks", "-C", str(root), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=_GIT_TIME_LIMIT).stdout


def software() -> dict[str, Any]:
    """Versions of Python and of every package that this process has imported."""
    packages = {}
    for name, module in sorted(sys.modules.items()):
        # Not by attribute: some packages answer `__version__` by importing more, or with a warning.
        version = vars(module).get("__version__") if module else None
        if isinstance(version, str) and "." not in name and name not in sys.stdlib_module_names:
            packages[name] = str(version)
    return {"python": platform.python_version(), "packages": packages}


def hardware(threads: int) -> dict[str, Any]:
    """Processor, threads and, where this process computes with torch, its device, precision and peak GPU memory."""
    found: dict[str, Any] = {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "processors": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "threads": threads,
    }
    # Not imported here: whoever computes with torch has, and all others shall not wait for it.
    if devices := sys.modules.get("semtok.run.devices"):
        found |= devices.describe()
    torch = sys.modules.get("torch")
    if torch and torch.cuda.is_available() and torch.cuda.is_initialized():
        found["peak_gpu_memory_mb"] = round(torch.cuda.max_memory_allocated() / 1e6)
    return found


def _surroundings(threads: int) -> dict[str, Any]:
    """What the job ran on and with; of several processes that did its work, together."""
    processes = [of_this_process(threads), *_helpers]
    packages = {name: version for process in processes for name, version in process["packages"].items()}
    # The helpers compute; where they do, this process only waits.
    found = {name: value for process in processes for name, value in process["hardware"].items()}
    found["threads"] = threads
    if _helpers:
        found["processes"] = len(_helpers)
    if peaks := [p["hardware"]["peak_gpu_memory_mb"] for p in processes if "peak_gpu_memory_mb" in p["hardware"]]:
        found["peak_gpu_memory_mb"] = max(peaks)
    python = {"python": processes[0]["python"], "packages": dict(sorted(packages.items()))}
    return {
        "peak_memory_mb": sum(process["peak_memory_mb"] for process in processes),
        "environment": {**commit(), **python, "hardware": found},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


def _peak_memory_mb() -> int:
    """Peak resident memory of this process."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
        return round(next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024 / 1e6)
    except (OSError, StopIteration):
        # Elsewhere. On Linux this would be the parent's where that was larger when it started this process.
        return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3))


def _file(path: str) -> dict[str, str]:
    return {"path": _name(path), "sha256": checksum(path)}


def _name(path: str) -> str:
    """A path inside the project as it is; of one outside the last part."""
    outside = os.path.isabs(path) or path.startswith("~") or Path(os.path.normpath(path)).parts[:1] == ("..",)
    return f".../{Path(path).name}" if outside else path
