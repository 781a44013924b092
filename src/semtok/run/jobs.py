"""What every job does around its work: log, tell an error once, leave a record, write beside no other worker of it."""

import hashlib
import json
import logging
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from semtok.errors import SemtokError
from semtok.run.files import OBSTACLES, sha256
from semtok.run.locks import end_with_driver, only_worker
from semtok.run.records import Record

log = logging.getLogger(__name__)


@contextmanager
def job(snakemake: Any) -> Iterator[Record]:
    """Run a job's body: messages go to its log, which Snakemake shows if the job fails.

    A `SemtokError` ends the job with its message; anything else is logged with its traceback. What has ended well
    leaves a record (`semtok.run.records`). Of several workers of a job one works at a time: one that a killed driver
    left behind ends before this one begins.

    snakemake: the object of that name in the script.
    """
    # A full disk is told once, as the job's error, and not for every line that the log cannot take.
    logging.raiseExceptions = False
    log_path = snakemake.log[0]
    end_with_driver()
    with only_worker(log_path), _log_file(log_path) as log_file:
        log_to(log_file, logging.INFO)
        log.info("%s %s", snakemake.rule, " ".join(f"{name}={value}" for name, value in snakemake.wildcards.items()))
        with _errors_told_once(log_path):
            record = Record(snakemake)
            yield record
            record.write()


def log_to(log_file: IO[str], level: int) -> None:
    """Write messages to a file that is open for appending, since other processes may append to it as well."""
    logging.basicConfig(
        level=level,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        handlers=[logging.StreamHandler(log_file)],
        force=True,
    )
    logging.captureWarnings(True)


def identity(params: Any, inputs: Iterable[str]) -> str:
    """A digest of what a training job is: its options, its code and the bytes of its inputs.

    A checkpoint carries it, so that a run is only resumed by the run that it belongs to.
    """
    content = {"params": params, "inputs": sorted(sha256(path) for path in inputs)}
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


@contextmanager
def _log_file(path: str) -> Iterator[IO[str]]:
    try:
        log_file = open(path, "a", encoding="utf-8")  # noqa: SIM115 (its end may fail, which must not hide the job's)
        log_file.truncate(0)
    except OSError as error:
        sys.exit(f"error: {path}: cannot be written, {OBSTACLES.get(error.errno or 0, 'see the error')} ({error})")
    try:
        yield log_file
    finally:
        with suppress(OSError):
            log_file.close()


@contextmanager
def _errors_told_once(log_path: str) -> Iterator[None]:
    """End the process at an error, which is told in the log; on the screen only if the log cannot take it."""
    try:
        yield
    except Exception as error:
        is_expected = isinstance(error, SemtokError)
        message = str(error) if is_expected else f"{type(error).__name__}: {error}"
        if _is_lack_of_memory(error):
            message = (
                f"out of memory ({error}); run fewer jobs at a time (--cores, --resources mem_mb=N), or give this one "
                "more (--set-resources RULE:mem_mb=N on a cluster)"
            )
        log.error("%s", message, exc_info=not is_expected)
        is_logged = message in Path(log_path).read_text(encoding="utf-8", errors="replace")
        sys.exit(1 if is_logged else f"error: {message}")


def _is_lack_of_memory(error: BaseException) -> bool:
    """torch says it by RuntimeErrors; its own class is told by name, since not every job imports torch."""
    said = str(error)
    is_torch = isinstance(error, RuntimeError) and ("allocate memory" in said or "not enough memory" in said)
    return isinstance(error, MemoryError) or is_torch or type(error).__name__ == "OutOfMemoryError"
