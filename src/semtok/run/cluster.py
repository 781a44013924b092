"""Slurm jobs that a driver leaves behind.

Ctrl-C makes Snakemake cancel the jobs that it knows of. While it asks Slurm how they are, and while `sbatch` runs, it
knows of none (snakemake-interface-executor-plugins 9.4, `_wait_for_jobs`), and they would run on without a driver.
"""

import getpass
import logging
import re
import subprocess
from pathlib import Path

_LOG = logging.getLogger(__name__)
# The executor names its jobs after its run.
_NAME = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SECONDS = 60


def cancel_jobs(folder: Path) -> list[str]:
    """Cancel Snakemake's Slurm jobs, waiting or running, that were submitted in `folder`; their ids.

    A Slurm that does not answer is a warning: this runs when a driver ends in an error that must not be hidden.
    """
    try:
        listed = _run("squeue", "--noheader", f"--user={getpass.getuser()}", "--format=%i|%j|%Z")
        jobs = [line.split("|", 2) for line in listed.splitlines() if line.count("|") >= 2]
        found = [job for job, name, where in jobs if _NAME.fullmatch(name) and Path(where) == folder]
        if found:
            _run("scancel", *found)
    except (OSError, subprocess.SubprocessError) as error:
        _LOG.warning("could not look for Slurm jobs of %s that are left (squeue --me, scancel): %s", folder, error)
        return []
    return found


def _run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=True).stdout
