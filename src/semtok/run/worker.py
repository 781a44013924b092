"""One of several processes of a job; semtok.run.launch has torchrun start it with the folder that says what to do."""

import logging
import os
import sys
import threading
import time
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import torch
from filelock import FileLock

from semtok.errors import SemtokError
from semtok.run import devices, processes
from semtok.run.files import read_json, write_json
from semtok.run.jobs import log_to
from semtok.run.records import of_this_process

TASK = "task.json"
LOCK = "launcher.lock"
ERROR = "error-{rank}.json"
RECORD = "record-{rank}.json"
ECHO_SECONDS = 30.0
"""How long torchrun may take to see that another process is gone."""

log = logging.getLogger("semtok")


def main(folder: Path) -> None:
    """Call the task's function; an error is written down for the launcher."""
    rank = int(os.environ["RANK"])
    task = read_json(folder / TASK)
    log_to(open(task["log"], "a", encoding="utf-8"), logging.INFO if rank == 0 else logging.ERROR)  # noqa: SIM115
    threading.Thread(target=_end_with_launcher, args=(folder / LOCK,), daemon=True).start()
    try:
        work = getattr(import_module(task["module"]), task["function"])
        with processes.joined():
            log.info("one of %d processes on %s", processes.count(), devices.describe()["device"])
            work(**task["arguments"])
            # The work is done, and does not fail for what is told of it.
            with suppress(OSError, ValueError):
                write_json(folder / RECORD.format(rank=rank), of_this_process(torch.get_num_threads()))
    except Exception as error:
        is_expected = isinstance(error, SemtokError)
        log.error("process %d: %s", rank, error, exc_info=not is_expected)
        if not is_expected:
            # A process whose neighbour is gone fails too. Then torchrun ends it here, and it says nothing of its own.
            time.sleep(ECHO_SECONDS)
        message = str(error) if is_expected else f"process {rank}: {type(error).__name__}: {error}"
        write_json(folder / ERROR.format(rank=rank), {"message": message, "is_expected": is_expected})
        logging.shutdown()
        # At once, since leaving in order may wait for processes that wait for this one.
        os._exit(1)


def _end_with_launcher(lock: Path) -> None:
    """End this process when the launcher has let go of its lock, as the system does for it when it is killed.

    Otherwise a training without anybody to take its result would go on beside the next run's.
    """
    FileLock(lock).acquire(poll_interval=1.0)
    os._exit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
