"""Run a job's work where the job runs, or under torchrun in as many processes as it was granted GPUs."""

import os
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from filelock import FileLock

import semtok
from semtok.errors import SemtokError
from semtok.run import devices, worker
from semtok.run.files import read_json, write_json
from semtok.run.records import add_workers


def launch(
    work: Callable[..., None], arguments: dict[str, Any], granted_gpus: int, threads: int, log_path: str
) -> None:
    """Call `work(**arguments)`, a function of a module, here or in each of several processes.

    For one process that is a call and nothing else. For several, `arguments` are handed over as JSON, the processes
    share the threads, and their messages go to the end of `log_path`. An error in one of them ends all: a SemtokError
    is raised here as it was there, and of another its traceback is in the log.
    """
    n_processes = devices.processes(granted_gpus)
    if n_processes == 1:
        work(**arguments)
        return
    with TemporaryDirectory(prefix="semtok-") as name:
        folder = Path(name)
        task = {"module": work.__module__, "function": work.__name__, "arguments": arguments, "log": log_path}
        write_json(folder / worker.TASK, task)
        # The processes end with the holder of this lock, even if it is killed.
        with FileLock(folder / worker.LOCK), open(log_path, "a") as log:
            ended = subprocess.run(
                _torchrun(n_processes, folder),
                env=_environment(n_processes, threads),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if ended.returncode:
            raise _error(folder, n_processes, ended.returncode, log_path)
        told = (folder / worker.RECORD.format(rank=rank) for rank in range(n_processes))
        add_workers([read_json(path) for path in told if path.exists()])


def _torchrun(n_processes: int, folder: Path) -> list[str]:
    """On this machine alone, whatever its name, at a free port; a second attempt would be Snakemake's."""
    options = ["--nnodes=1", f"--nproc-per-node={n_processes}", "--max-restarts=0", "--local-addr=127.0.0.1"]
    meeting = ["--rdzv-backend=c10d", "--rdzv-endpoint=127.0.0.1:0", f"--rdzv-id={uuid.uuid4().hex}"]
    run = [sys.executable, "-m", "torch.distributed.run"]
    return [*run, *options, *meeting, "--module", worker.__name__, str(folder)]


def _environment(n_processes: int, threads: int) -> dict[str, str]:
    of_each = str(max(1, threads // n_processes))
    variables = {name: of_each for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    # The package of this process, whatever else is installed.
    source = str(Path(semtok.__file__).parents[1])
    path = os.pathsep.join(part for part in (source, os.environ.get("PYTHONPATH")) if part)
    return {**os.environ, **variables, "PYTHONPATH": path}


def _error(folder: Path, n_processes: int, code: int, log_path: str) -> Exception:
    """What the processes say of their end: a user's mistake rather than a defect, else the lowest number's."""
    paths = [folder / worker.ERROR.format(rank=rank) for rank in range(n_processes)]
    errors = sorted((read_json(path) for path in paths if path.exists()), key=lambda error: not error["is_expected"])
    if errors:
        message = errors[0]["message"]
        return SemtokError(message) if errors[0]["is_expected"] else RuntimeError(f"{message}; see {log_path}")
    return SemtokError(
        f"training: one of {n_processes} processes was killed (torchrun's exit code {code}; see {log_path}); "
        "the next run resumes from the last checkpoint"
    )
