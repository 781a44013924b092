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

LINE = re.compile(
    r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),\d+ (INFO|WARNING|ERROR) [\w.]+: (.*(?:\n(?!\d{4}-|Traceback).+)*)",
    re.MULTILINE,
)
"""What a job's log says: time, level, message, which may have several lines (`semtok.run.jobs.log_to`)."""
TRACEBACK, LAST = "\nTraceback (most recent call last):\n", 3
"""Where Python's own account of an error begins, and how many of its lines are told: where it was, and what."""
STEPS = re.compile(r"^(\d+) of (\d+) steps", re.MULTILINE)
"""In Snakemake's log of a run."""


@dataclass(frozen=True)
class Status:
    """Of a job that has a log."""

    job: str
    """Its rule and wildcards, as the first line of its log has them."""
    state: Literal["running", "done", "failed", "stopped"]
    """`stopped`: neither an error nor a result, as after a kill."""
    last: str
    """Its first error, and where Python failed the log's last lines; else how far it is where it tells that, else the
    last line of its log."""
    at: str
    """When that was written."""
    log: Path


def statuses(results: Path, locks: Path = FOLDER) -> Iterator[Status]:
    """Every job below `results` that has begun, in the order of the logs' paths.

    locks: the project's `.snakemake`; what runs on other machines of a cluster is seen where they share its locks.
    """
    for path in sorted((results / LOGS).rglob("*.log")):
        text = path.read_text(encoding="utf-8", errors="replace")
        lines = LINE.findall(text)
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
        if state == "failed" and TRACEBACK in text:
            last = "\n".join([last, *text.partition(TRACEBACK)[2].rstrip().splitlines()[-LAST:]])
        if state == "running":  # epochs tell their losses, but not when they end
            last = next((message for *_, message in reversed(lines) if message.endswith(" left")), last)
        yield Status(lines[0][2], state, last, at, path)


def in_all(found: Sequence[Status], locks: Path = FOLDER) -> str:
    """How many jobs are done, and of the run that goes on how many wait."""
    done = [one for one in found if one.state == "done"]
    driver = locks / "driver"
    if not driver.exists():
        return f"{len(done)} jobs of this folder are done" + f", the last at {max(one.at for one in done)}" * bool(done)
    since = driver.read_text(encoding="utf-8").rpartition("since ")[2]
    new = [one for one in done if one.at >= since]
    told = f"{len(new)} jobs done since {since}, when this run began; {len(done) - len(new)} results are older"
    # The run's own log was begun just before; dry runs may have written later ones.
    began = since.replace(" ", "T").replace(":", "") + ".999999"
    logs = [log for log in sorted((locks / "log").glob("*.snakemake.log")) if log.name <= began]
    steps = STEPS.findall(logs[-1].read_text(encoding="utf-8", errors="replace")) if logs else []
    if steps:
        running = sum(one.state == "running" for one in found)
        failed = sum(one.state == "failed" and one.at >= since for one in found)
        ended, total = map(int, steps[-1])
        told += f"; {ended} of {total} steps done, {max(0, total - ended - running - failed)} wait"
        told += f", {failed} failed" * bool(failed)
    return told


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
                said = one.last.replace("\n", f"\n{'':8} ")
                print(f"{state:8} {one.job}\n{'':8} {one.at} {said}")
                if state == "failed":
                    print(f"{'':8} {one.log}")
    print(in_all(found))


if __name__ == "__main__":
    main()
