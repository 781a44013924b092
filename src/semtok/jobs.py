"""What every job does before and after its work: log, limit threads, report a user's mistake without a traceback."""

import hashlib
import json
import logging
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from semtok.errors import SemtokError
from semtok.files import sha256


@contextmanager
def job(log_path: str, threads: int) -> Iterator[None]:
    """Run a job's body: messages go to `log_path` (and from there to the screen if it fails).

    A `SemtokError` ends the job with its message alone; anything else is a defect and keeps its traceback.
    """
    # The libraries read these when they are first imported, which is inside the body.
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[variable] = str(threads)
    open(log_path, "w").close()
    log_to(log_path, logging.INFO)
    log = logging.getLogger("semtok")
    try:
        yield
    except SemtokError as error:
        log.error("%s", error)
        sys.exit(f"error: {error}")
    except Exception:
        log.exception("the job failed")
        raise


def log_to(path: str, level: int) -> None:
    """Append messages to a file, which other processes may append to as well."""
    handler = logging.FileHandler(path, mode="a", encoding="utf-8")
    logging.basicConfig(
        level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s", handlers=[handler], force=True
    )
    logging.captureWarnings(True)


def identity(params: Any, inputs: Iterable[str]) -> str:
    """A digest of what a training job is: its options, its code and the bytes of its inputs.

    A checkpoint carries it, so that a run is only resumed by the run that it belongs to.
    """
    content = {"params": params, "inputs": sorted(sha256(path) for path in inputs)}
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
