"""A line for each job that has ended, and how to repeat one that failed: from the events that Snakemake logs.

The rich logger draws bars in a terminal; into a file it writes neither bars nor ends.
"""

import logging
import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from snakemake_interface_logger_plugins.common import LogEvent


class JobLines(logging.Handler):
    """Tells the end of each of `n_jobs` jobs on the screen if `is_told`, and why a cluster ended one in any case; keeps
    the failed ones."""

    def __init__(self, n_jobs: int, *, is_told: bool) -> None:
        super().__init__()
        self.n_jobs, self.is_told, self.n_done = n_jobs, is_told, 0
        self.failed: dict[int, str] = {}
        """An output of each failed job."""
        self._begun: dict[int, tuple[str, float]] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record of Snakemake's; of most events there is nothing to tell."""
        event, told = getattr(record, "event", None), vars(record)
        if event == LogEvent.JOB_INFO:
            name = " ".join([told["rule_name"], *map(str, (told["wildcards"] or {}).values())])
            self._begun[told["jobid"]] = (name, time.monotonic())
        elif event == LogEvent.JOB_FINISHED:
            self.n_done += 1
            self.failed.pop(told["job_id"], None)  # a second attempt
            self._tell("done", told["job_id"])
        elif event == LogEvent.JOB_ERROR:
            if told["output"]:
                self.failed[told["jobid"]] = told["output"][0]
            # Of a job on a cluster the executor says why; the rich logger leaves it out, in a terminal, too.
            self._tell("failed", told["jobid"], told.get("rule_msg") or "")

    def _tell(self, how: str, job: int, why: str = "") -> None:
        if (self.is_told or why) and job in self._begun:
            name, begun = self._begun[job]
            seconds = time.monotonic() - begun
            print(
                f"{time.strftime('%H:%M:%S')} {how}: {name} in {seconds:.0f} s ({self.n_done} of {self.n_jobs} done)"
                + f": {why}" * bool(why),
                file=sys.stderr,
                flush=True,
            )

    def repetitions(self, configfiles: Sequence[Path], values: Mapping[str, Any]) -> list[str]:
        """A line for each failed job: the command that runs it, and what it lacks, alone."""
        over = ""
        if configfiles:
            over += f" --configfile {' '.join(shlex.quote(str(path)) for path in configfiles)}"
        if values:
            over += f" --config {' '.join(shlex.quote(f'{name}={value}') for name, value in values.items())}"
        return [
            f"to repeat {self._begun[job][0]} alone: snakemake{over} --cores 1 -- {shlex.quote(output)}"
            for job, output in self.failed.items()
            if job in self._begun
        ]
