"""What every job does before and after its work: log, limit threads, tell a user's mistake shortly, leave a record, and
never write beside another worker of the same job."""

import hashlib
import json
import logging
import os
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

from semtok.errors import SemtokError
from semtok.run import locks
from semtok.run.files import OBSTACLES, sha256
from semtok.run.records import Record

SECONDS_BETWEEN_LOOKS = 0.5
"""How long a worker may outlive its driver, about."""


@contextmanager
def job(snakemake: Any) -> Iterator[Record]:
    """Run a job's body: messages go to its log (and from there to the screen if it fails).

    A `SemtokError`, or a lack of memory, ends the job with its message alone; anything else is a defect and keeps its
    traceback. What has ended well leaves a record (`semtok.run.records`). Of several workers of a job, told by its log,
    one works at a time: one that a killed driver left behind ends before this one begins.

    snakemake: the object of that name in the script.
    """
    # A full disk is told once, as the job's error, and not for every line that the log cannot take.
    logging.raiseExceptions = False
    with _turn(snakemake.log[0]), _log_file(snakemake.log[0]) as log_file:
        log_to(log_file, logging.INFO)
        _end_with_driver()
        with _clear_errors(logging.getLogger("semtok")):
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
def _clear_errors(log: logging.Logger) -> Iterator[None]:
    try:
        yield
    except SemtokError as error:
        log.error("%s", error)
        sys.exit(f"error: {error}")
    except Exception as error:
        log.exception("the job failed")
        if _is_lack_of_memory(error):
            sys.exit(
                f"error: out of memory ({error}); run fewer jobs at a time (--cores, --resources mem_mb=N), or give "
                "this one more (--set-resources RULE:mem_mb=N on a cluster)"
            )
        raise


def _is_lack_of_memory(error: BaseException) -> bool:
    """torch says it by RuntimeErrors; its own class is told by name, since not every job imports torch."""
    said = str(error)
    is_torch = isinstance(error, RuntimeError) and ("allocate memory" in said or "not enough memory" in said)
    return isinstance(error, MemoryError) or is_torch or type(error).__name__ == "OutOfMemoryError"


@contextmanager
def _turn(log_path: str) -> Iterator[None]:
    """Hold the job's lock.

    The lock is no result, and not the log: Snakemake deletes both before a job. Outside of a workflow there is none.
    """
    if not locks.FOLDER_LOCK.parent.is_dir():
        yield
        return
    folder = locks.FOLDER_LOCK.with_name("jobs")
    folder.mkdir(exist_ok=True)
    with (folder / hashlib.sha256(log_path.encode()).hexdigest()[:16]).open("w", encoding="utf-8") as lock:
        waited = False
        while not locks.try_lock(lock):
            if not waited:
                print(f"{log_path}: an earlier worker of this job still runs; waiting for its end", file=sys.stderr)
            waited = True
            time.sleep(SECONDS_BETWEEN_LOOKS)
        yield


def _end_with_driver() -> None:
    """End this process soon after the local driver that started it, if there is one (see `semtok.run.locks`).

    Whole files are renamed into place, so that the end may come at any moment.
    """
    driver = os.environ.get(locks.DRIVER_VARIABLE)
    if not driver:
        return

    def watch() -> None:
        while not locks.driver_is_gone(driver):
            time.sleep(SECONDS_BETWEEN_LOOKS)
        logging.getLogger("semtok").error("the driver that started this job (%s) is gone; the job ends", driver)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="watch of the driver").start()
