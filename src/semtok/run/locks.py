"""Who may write: one live driver a folder, one live worker a job.

The locks are the kernel's (flock) and end with the process that holds them, however it ends, so that none has to be
removed by hand. Where a file system has none, a warning is logged and the work continues.
"""

import atexit
import errno
import fcntl
import logging
import os
import socket
import time
from pathlib import Path
from typing import IO

from semtok.errors import SemtokError

log = logging.getLogger(__name__)

FOLDER_LOCK = Path(".snakemake/driver.lock")
DRIVER_VARIABLE = "SEMTOK_DRIVER"
"""Tells local workers which driver started them: the text in the folder's lock."""
_UNSUPPORTED = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL}


def try_lock(handle: IO[str], operation: int = fcntl.LOCK_EX) -> bool:
    """Lock an open file if nobody else has; True also where the file system has no locks."""
    try:
        fcntl.flock(handle, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
        log.warning("%s: the file system has no locks; nothing keeps a second process away", handle.name)
    return True


def hold_folder(path: Path = FOLDER_LOCK, patience: float = 3.0) -> None:
    """Make this process the folder's driver until it ends; SemtokError if another one is.

    A driver that was killed leaves its name in the file but no lock. Its name counts only where it comes from
    another host, since not every network file system shares its locks.

    patience: seconds, longer than a worker takes to look at the lock (`driver_is_gone`).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = path.open("a+", encoding="utf-8")
    deadline = time.monotonic() + patience
    while not try_lock(handle):
        if time.monotonic() > deadline:
            raise SemtokError(
                f"{path.absolute()}: another driver works in this folder ({_owner(handle)}); wait until it has ended, "
                "or take another clone"
            )
        time.sleep(0.1)
    host = socket.gethostname()
    before = _owner(handle)
    if before and f" on {host}, " not in before:
        raise SemtokError(
            f"{path.absolute()}: a driver on another host has not ended in order ({before}); if it no longer runs, "
            "delete this file"
        )
    _rename(handle, f"process {os.getpid()} on {host}, since {time.strftime('%Y-%m-%d %H:%M:%S')}")
    os.environ[DRIVER_VARIABLE] = _owner(handle)
    # Emptied at the end of the interpreter: an ended driver's name must not stop one on another host.
    atexit.register(_rename, handle, "")


def driver_is_gone(driver: str, path: Path = FOLDER_LOCK) -> bool:
    """Whether the driver of that name no longer holds the folder's lock."""
    try:
        handle = path.open(encoding="utf-8")
    except OSError:  # no file to judge by
        return False
    with handle:
        return _owner(handle) != driver or try_lock(handle, fcntl.LOCK_SH)


def _owner(handle: IO[str]) -> str:
    handle.seek(0)
    return handle.read().strip()


def _rename(handle: IO[str], owner: str) -> None:
    handle.truncate(0)
    handle.write(owner)
    handle.flush()
