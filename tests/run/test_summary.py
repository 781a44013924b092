import json
from datetime import UTC, datetime

from semtok.run.summary import summary

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


def record(folder, name, started, seconds, memory):
    job = {"rule": "train", "wildcards": {"dataset": "nyc", "tokenizer": name}, "started": started, "seconds": seconds}
    (folder / f"{name}.json").write_text(json.dumps({**job, "peak_memory_mb": memory}))


def test_jobs_of_this_run_are_told(tmp_path):
    record(tmp_path, "earlier", "2026-11-26T11:59:59+00:00", 9999, 9000)
    record(tmp_path, "simcit", "2026-11-26T12:00:00+00:00", 3000, 400)
    record(tmp_path, "cost", "2026-11-26T12:30:00+00:00", 600, 1500)
    (tmp_path / "half.json").write_text('{"rule"')
    assert summary(tmp_path, NOON) == (
        "2 jobs done, 1.0 hours when each is counted for itself; slowest: train nyc simcit (50 min), "
        "train nyc cost (10 min); largest: train nyc cost (1,500 MB)"
    )


def test_one_job_is_one(tmp_path):
    record(tmp_path, "simcit", "2026-11-26T12:00:00+00:00", 3000, 400)
    assert summary(tmp_path, NOON).startswith("1 job done, ")


def test_nothing_is_told_of_nothing(tmp_path):
    assert summary(tmp_path / "missing", NOON) == ""
