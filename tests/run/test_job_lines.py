"""What is told of jobs outside of a terminal, by the events of Snakemake."""

import logging
from pathlib import Path

from snakemake_interface_logger_plugins.common import LogEvent

from semtok.run.job_lines import JobLines


def test_each_end_is_a_line_and_a_failed_job_has_its_command(capsys):
    lines = JobLines(2, is_told=True)
    log = logging.getLogger("events")
    log.addHandler(lines)
    for job, seed in enumerate([0, 1]):
        wildcards = {"dataset": "mind", "seed": str(seed)}
        log.error("", extra={"event": LogEvent.JOB_INFO, "jobid": job, "rule_name": "train", "wildcards": wildcards})
    log.error("", extra={"event": LogEvent.JOB_FINISHED, "job_id": 0})
    log.error("", extra={"event": LogEvent.JOB_ERROR, "jobid": 1, "output": ["results/my shop/x.npy", "y.csv"]})
    log.removeHandler(lines)
    done, failed = capsys.readouterr().err.splitlines()
    assert done.endswith(" done: train mind 0 in 0 s (1 of 2 done)")
    assert failed.endswith(" failed: train mind 1 in 0 s (1 of 2 done)")
    assert lines.repetitions([Path("shop.yaml")], {"mirror": "my data"}) == [
        "to repeat train mind 1 alone: snakemake --configfile shop.yaml --config 'mirror=my data' --cores 1 "
        "-- 'results/my shop/x.npy'"
    ]


def test_what_a_cluster_says_of_a_failed_job_is_told_in_a_terminal_too(capsys):
    lines = JobLines(1, is_told=False)
    log = logging.getLogger("events")
    log.addHandler(lines)
    log.error("", extra={"event": LogEvent.JOB_INFO, "jobid": 0, "rule_name": "train", "wildcards": {"seed": "0"}})
    said = "SLURM-job '7' failed, SLURM status is: 'TIMEOUT'. Reason: Unknown."
    log.error("", extra={"event": LogEvent.JOB_ERROR, "jobid": 0, "output": ["x.npy"], "rule_msg": said})
    log.error("", extra={"event": LogEvent.JOB_ERROR, "jobid": 0, "output": ["x.npy"], "rule_msg": None})
    log.removeHandler(lines)
    (failed,) = capsys.readouterr().err.splitlines()
    assert failed.endswith(f" failed: train 0 in 0 s (0 of 1 done): {said}")
