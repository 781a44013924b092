"""Who may write: one live driver per folder, one live worker per job.

The locks are the kernel's (flock, by filelock) and end with the process that holds them, however it ends, so that none
has to be removed by hand. Where a file system has none, a warning is logged and the work continues.
"""

import atexit
import hashlib
import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from semtok.errors import SemtokError

log = logging.getLogger(__name__)

FOLDER = Path(".snakemake")
DRIVER_VARIABLE = "SEMTOK_DRIVER"
"""Tells local workers the process id of the driver that started them."""
SECONDS_BETWEEN_LOOKS = 0.5
"""How long a worker may outlive its driver, about."""


def hold_folder(folder: Path = FOLDER) -> None:
    """Make this process the driver of a project until it ends; SemtokError if another one is.

    A driver that was killed leaves its name but no lock. The name counts only where it comes from another host, since
    not every network file system shares its locks.
    """
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    name, lock = folder / "driver", FileLock(folder / "driver.lock")
    is_free = _acquire(lock, timeout=0)
    owner = name.read_text(encoding="utf-8") if name.exists() else ""
    if not is_free:
        raise SemtokError(
            f"{folder}: another driver works in this folder ({owner}); wait until it has ended, or take another clone"
        )
    host = socket.gethostname()
    if owner and f" on {host}, " not in owner:
        raise SemtokError(
            f"{name}: a driver on another host has not ended in order ({owner}); if it no longer runs, delete this file"
        )
    name.write_text(f"process {os.getpid()} on {host}, since {time.strftime('%Y-%m-%d %H:%M:%S')}", encoding="utf-8")
    os.environ[DRIVER_VARIABLE] = str(os.getpid())

    def leave() -> None:
        name.unlink(missing_ok=True)
        lock.release()

    atexit.register(leave)


@contextmanager
def only_worker(log_path: str, folder: Path = FOLDER) -> Iterator[None]:
    """Hold the lock of the job that logs to `log_path`; waits for an earlier worker of the same job.

    The lock is no result, and not the log: Snakemake deletes both before a job. Outside of a workflow there is none.
    """
    if not folder.is_dir():
        yield
        return
    (folder / "jobs").mkdir(exist_ok=True)
    lock = _lock_of(log_path, folder)
    if not _acquire(lock, timeout=0):
        print(f"{log_path}: an earlier worker of this job still runs; waiting for its end", file=sys.stderr)
        _acquire(lock, timeout=-1)
    try:
        yield
    finally:
        lock.release()


def is_running(log_path: str, folder: Path = FOLDER) -> bool:
    """Whether a worker on this machine holds the lock of the job that logs to `log_path`."""
    lock = _lock_of(log_path, folder)
    if not Path(lock.lock_file).exists():
        return False
    is_free = _acquire(lock, timeout=0)
    lock.release()
    return not is_free


def _lock_of(log_path: str, folder: Path) -> FileLock:
    return FileLock(folder / "jobs" / f"{hashlib.sha256(log_path.encode()).hexdigest()[:16]}.lock")


def end_with_driver() -> None:
    """End this process soon after the local driver that started it, if there is one, also through a Snakemake between.

    Whole files are renamed into place, so that the end may come at any moment.
    """
    if driver := os.environ.get(DRIVER_VARIABLE):
        threading.Thread(target=_watch, args=(int(driver),), daemon=True, name="watch of the driver").start()


def _watch(driver: int) -> None:
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(driver)
        # A zombie is dead enough: whoever started the driver may never ask how it ended.
        while process.status() != psutil.STATUS_ZOMBIE:
            time.sleep(SECONDS_BETWEEN_LOOKS)
    log.error("the driver that started this job (process %d) is gone; the job ends", driver)
    os._exit(1)


def _acquire(lock: FileLock, timeout: float) -> bool:
    """False if another process holds the lock; True also where the file system has no locks."""
    try:
        lock.acquire(timeout=timeout)
    except Timeout:
        return False
    except (OSError, NotImplementedError) as error:
        log.warning("%s: no lock (%s); nothing keeps a second process away", lock.lock_file, error)
    return True
