"""What a folder of results tells while jobs run."""

import pytest
from filelock import FileLock

from semtok.run import locks
from semtok.status import main, statuses

LOG = "2026-11-26 18:43:46,505 INFO semtok.run.jobs: train dataset=nyc seed={}\n{}"
PROGRESS = "2026-11-26 18:44:16,505 INFO semtok.run.progress: training, epoch 2 of 8: 25 of 100 (25%), 03:00 left\n"
ERROR = "2026-11-26 18:45:00,000 ERROR semtok.run.jobs: the loss is nan\nTraceback (most recent call last):\n"


@pytest.fixture
def results(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    logs = tmp_path / "results/logs/train/nyc"
    logs.mkdir(parents=True)
    (tmp_path / ".snakemake/jobs").mkdir(parents=True)
    for seed, rest in enumerate([PROGRESS, ERROR, PROGRESS, PROGRESS]):
        (logs / f"{seed}.log").write_text(LOG.format(seed, rest))
    (logs / "shell.log").write_text("no job of ours\n")
    (tmp_path / "results/records/train/nyc").mkdir(parents=True)
    (tmp_path / "results/records/train/nyc/2.json").write_text("{}")
    return tmp_path / "results"


def test_each_job_has_its_state(results, capsys):
    with locks.only_worker("results/logs/train/nyc/0.log"):
        found = {one.job: one for one in statuses(results.relative_to(results.parent))}
        main(["results"])
    states = {job: one.state for job, one in found.items()}
    jobs = [f"train dataset=nyc seed={seed}" for seed in range(4)]
    assert states == dict(zip(jobs, ["running", "failed", "done", "stopped"], strict=True))
    assert found[jobs[0]].last == "training, epoch 2 of 8: 25 of 100 (25%), 03:00 left"
    assert found[jobs[1]].last == "the loss is nan"
    said = capsys.readouterr().out
    assert said.index("running") < said.index("failed") < said.index("results/logs/train/nyc/1.log")
    assert said.endswith("1 jobs of this folder are done\n")


def test_a_look_takes_no_lock_away(results):
    assert not locks.is_running("results/logs/train/nyc/0.log")
    with locks.only_worker("results/logs/train/nyc/0.log"):
        assert locks.is_running("results/logs/train/nyc/0.log")
        (path,) = (results.parent / ".snakemake/jobs").iterdir()
        assert not locks._acquire(FileLock(path), timeout=0)
    assert not locks.is_running("results/logs/train/nyc/0.log")


def test_a_folder_without_logs_is_an_error(results):
    with pytest.raises(SystemExit, match="found no logs/"):
        main(["nowhere"])
