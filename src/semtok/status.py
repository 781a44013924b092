"""What runs in a folder of results, how far it is, and what failed: from the logs of its jobs, while a driver works."""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from semtok.run.locks import FOLDER, is_running
from semtok.run.records import LOGS, RECORDS

LINE = re.compile(r"^\d{4}-\d\d-\d\d (\d\d:\d\d:\d\d),\d+ (INFO|WARNING|ERROR) [\w.]+: (.*)")
"""A line of a job's log: time, level, message (`semtok.run.jobs.log_to`)."""


@dataclass(frozen=True)
class Status:
    """Of a job that has a log."""

    job: str
    """Its rule and wildcards, as the first line of its log has them."""
    state: Literal["running", "done", "failed", "stopped"]
    """`stopped`: neither an error nor a result, as after a kill."""
    last: str
    """The last line of its log, or its first error."""
    at: str
    """When that was written."""
    log: Path


def statuses(results: Path, locks: Path = FOLDER) -> Iterator[Status]:
    """Every job below `results` that has begun, in the order of the logs' paths.

    locks: the project's `.snakemake`; what runs on other machines of a cluster is seen where they share its locks.
    """
    for path in sorted((results / LOGS).rglob("*.log")):
        lines = [found.groups() for found in map(LINE.match, _lines(path)) if found]
        if not lines:  # of a rule without a script
            continue
        errors = [line for line in lines if line[1] == "ERROR"]
        record = results / RECORDS / path.relative_to(results / LOGS).with_suffix(".json")
        state: Literal["running", "done", "failed", "stopped"] = "failed" if errors else "stopped"
        if is_running(str(path), locks):
            state = "running"
        elif record.exists():
            state = "done"
        at, _, last = errors[0] if state == "failed" else lines[-1]
        yield Status(lines[0][2], state, last, at, path)


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines()


def main(arguments: Sequence[str] | None = None) -> None:
    """Print them, those that are done as a number only."""
    parser = argparse.ArgumentParser(prog="python -m semtok.status", description=__doc__)
    parser.add_argument("results", type=Path, help="a folder of results, such as results/cpu")
    chosen = parser.parse_args(arguments)
    if not (chosen.results / LOGS).is_dir():
        sys.exit(f"error: {chosen.results}: found no {LOGS}/; expected a folder of results, such as results/demo")
    found = list(statuses(chosen.results))
    for state in ("running", "failed", "stopped"):
        for one in found:
            if one.state == state:
                print(f"{state:8} {one.job}\n{'':8} {one.at} {one.last}")
                if state == "failed":
                    print(f"{'':8} {one.log}")
    print(f"{sum(one.state == 'done' for one in found)} jobs of this folder are done")


if __name__ == "__main__":
    main()
