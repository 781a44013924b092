"""What a run of the workflow did, told at its end: from the records of its jobs."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from semtok.errors import SemtokError
from semtok.run.files import read_json

_NAMED = 3
"""Jobs that are named as the slowest."""


def summary(records: Path, since: datetime) -> str:
    """A few lines on the jobs below `records` that began since then; empty where there are none."""
    jobs = [job for job in _read(records) if datetime.fromisoformat(job["started"]) >= since]
    if not jobs:
        return ""
    slowest = sorted(jobs, key=lambda job: -float(job["seconds"]))
    largest = max(jobs, key=lambda job: int(job["peak_memory_mb"]))
    total = time_in_words(sum(float(job["seconds"]) for job in jobs))
    named = ", ".join(f"{_name(job)} ({time_in_words(job['seconds'])})" for job in slowest[:_NAMED])
    count = "1 job" if len(jobs) == 1 else f"{len(jobs)} jobs"
    return (
        f"{count} done, {total} when each is counted for itself; slowest: {named}; "
        f"largest: {_name(largest)} ({largest['peak_memory_mb']:,} MB)"
    )


def time_in_words(seconds: float) -> str:
    """A time in a unit in which it is no nought."""
    if seconds >= 3600:
        return f"{seconds / 3600:.1f} hours"
    return f"{seconds / 60:.0f} min" if seconds >= 60 else f"{seconds:.0f} s"


def _read(records: Path) -> Iterator[dict[str, Any]]:
    for path in records.rglob("*.json"):
        try:
            yield read_json(path)
        except (OSError, SemtokError):  # of a job that has just begun anew, or cut short by a crash
            continue


def _name(job: dict[str, Any]) -> str:
    return " ".join([job["rule"], *job["wildcards"].values()])
