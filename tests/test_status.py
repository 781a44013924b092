"""What a folder of results tells while jobs run."""

import pytest
from filelock import FileLock

from semtok.run import locks
from semtok.status import main, statuses

LOG = "2026-11-26 18:43:46,505 INFO semtok.run.jobs: train dataset=nyc seed={}\n{}"
PROGRESS = "2026-11-26 18:44:16,505 INFO semtok.run.progress: training, epoch 2 of 8: 25 of 100 (25%), 03:00 left\n"
EPOCH = "2026-11-26 18:44:20,505 INFO semtok.recommenders.training: epoch 1/8: loss 2.5\n"
ERROR = "2026-11-26 18:45:00,000 ERROR semtok.run.jobs: the loss is nan\nTraceback (most recent call last):\n"
PYTHON = '  File "a.py", line 3\n    step()\n  File "b.py", line 7\n    x / 0\nZeroDivisionError: division by zero\n'
BAD_ROWS = "2026-11-26 18:45:00,000 ERROR semtok.run.jobs: x.csv: 1 row\n  line 11: bad_date\n" + EPOCH


@pytest.fixture
def results(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    logs = tmp_path / "results/logs/train/nyc"
    logs.mkdir(parents=True)
    (tmp_path / ".snakemake/jobs").mkdir(parents=True)
    for seed, rest in enumerate([PROGRESS + EPOCH, ERROR, PROGRESS, PROGRESS]):
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
    assert said.endswith("1 jobs of this folder are done, the last at 2026-11-26 18:44:16\n")


def test_what_waits_is_told_and_what_an_earlier_run_did_is_told_apart(results, capsys):
    logs = results.parent / ".snakemake/log"
    logs.mkdir()
    (results.parent / ".snakemake/driver").write_text("process 1 on vm, since 2026-11-26 18:50:02")
    (logs / "2026-11-26T185000.811264.snakemake.log").write_text("1 of 9 steps (11%) done\n2 of 9 steps (22%) done\n")
    (logs / "2026-11-26T185500.000000.snakemake.log").write_text("a dry run\n")
    with locks.only_worker("results/logs/train/nyc/0.log"):
        main(["results"])
    assert capsys.readouterr().out.endswith(
        "0 jobs done since 2026-11-26 18:50:02, when this run began; 1 results are older; 2 of 9 steps done, 6 wait\n"
    )
    (results / "logs/train/nyc/1.log").write_text(LOG.format(1, ERROR.replace("18:45:00", "18:51:00")))
    with locks.only_worker("results/logs/train/nyc/0.log"):
        main(["results"])
    assert capsys.readouterr().out.endswith("2 of 9 steps done, 5 wait, 1 failed\n")


def test_an_error_of_several_lines_is_told_whole(results, capsys):
    (results / "logs/train/nyc/1.log").write_text(LOG.format(1, BAD_ROWS))
    main(["results"])
    assert "18:45:00 x.csv: 1 row\n           line 11: bad_date\n         results/logs" in capsys.readouterr().out


def test_of_an_error_of_python_the_last_lines_are_told(results, capsys):
    (results / "logs/train/nyc/1.log").write_text(LOG.format(1, ERROR + PYTHON))
    main(["results"])
    said = " ".join(capsys.readouterr().out.split())
    assert 'the loss is nan File "b.py", line 7 x / 0 ZeroDivisionError: division by zero results/logs' in said
    assert "a.py" not in said


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
