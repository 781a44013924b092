import getpass
import hashlib
import json
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from semtok.run import records
from semtok.run.records import Record, checksum, portable, results_of
from support.jobs import snakemake_object

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_record_says_what_was_read_written_and_asked_for():
    Path("in.txt").write_text("in")
    Path("out.txt").write_text("out")
    record = Record(snakemake_object(["in.txt", "in.txt"], ["out.txt", "later.json"], code="abc", temperature=0.5))
    content = record.content("later.json")
    assert content["inputs"] == [{"path": "in.txt", "sha256": hashlib.sha256(b"in").hexdigest()}]
    assert content["outputs"] == [{"path": "out.txt", "sha256": hashlib.sha256(b"out").hexdigest()}]
    assert (content["code"], content["config"]) == ("abc", {"temperature": 0.5})
    assert (content["rule"], content["wildcards"]) == ("job", {"seed": "0"})
    assert content["seconds"] >= 0
    assert content["peak_memory_mb"] > 10
    assert content["environment"]["packages"]["pytest"] == pytest.__version__
    assert content["environment"]["hardware"]["threads"] == 1


def test_a_record_tells_of_the_processes_that_did_the_work(monkeypatch):
    monkeypatch.setattr(records, "_workers", [])
    alone = Record(snakemake_object([], [])).content()
    assert "processes" not in alone["environment"]["hardware"]
    process = {"peak_memory_mb": 1000, "packages": {"accelerate": "1.2.3"}, "python": "3.11.0"}
    gpu = {"device": "A GPU", "dtype": "bfloat16", "threads": 4}
    workers = [process | {"hardware": gpu | {"peak_gpu_memory_mb": peak}} for peak in (70, 90)]
    records.add_workers(workers)
    content = Record(snakemake_object([], [])).content()
    assert content["peak_memory_mb"] >= alone["peak_memory_mb"] + 2000
    assert content["environment"]["packages"]["accelerate"] == "1.2.3"
    assert content["environment"]["packages"]["pytest"] == pytest.__version__
    assert content["environment"]["hardware"] == alone["environment"]["hardware"] | {
        **{"device": "A GPU", "dtype": "bfloat16", "processes": 2, "peak_gpu_memory_mb": 90, "threads": 1},
    }


@pytest.mark.parametrize("results", ["results", "results/cpu", "elsewhere"])
def test_the_record_lies_where_the_log_says(results):
    job = snakemake_object([], [])
    job.log = [f"{results}/logs/train/logs/cost+temperature=0.5/tiger/0.log"]
    assert results_of(job.log[0]) == Path(results)
    Record(job).write()
    assert Path(results, "records/train/logs/cost+temperature=0.5/tiger/0.json").is_file()


def test_a_folder_has_the_checksum_of_its_names_and_bytes():
    Path("world/deep").mkdir(parents=True)
    Path("world/deep/a.txt").write_text("a")
    first = checksum("world")
    assert checksum("world") == first
    Path("world/deep/a.txt").rename("world/deep/b.txt")
    assert checksum("world") != first


@pytest.mark.parametrize(
    ("value", "shared"),
    [
        ("/data/someone/raw/mind.zip", ".../mind.zip"),
        ("~/codes.json", ".../codes.json"),
        ("../../home/someone/codes.json", ".../codes.json"),
        ("results/../../someone/codes.json", ".../codes.json"),
        ("results/raw/mind.zip", "results/raw/mind.zip"),
        ("https://example.org/a/b.zip", "https://example.org/a/b.zip"),
        (
            {"files": [{"path": "/data/a.gz"}], "k": 5, "none": None},
            {"files": [{"path": ".../a.gz"}], "k": 5, "none": None},
        ),
    ],
)
def test_paths_outside_the_project_are_not_told(value, shared):
    assert portable(value) == shared


def test_a_record_names_neither_folder_nor_host_nor_user():
    Path("out.txt").write_text("out")
    mirror = str(Path.cwd() / "mirror/raw.zip")
    Path("mirror").mkdir()
    Path(mirror).write_text("raw")
    text = json.dumps(Record(snakemake_object([mirror], ["out.txt"], folder=str(Path.cwd()))).content())
    assert ".../raw.zip" in text
    for personal in (str(Path.cwd().parent), str(ROOT), socket.gethostname(), getpass.getuser()):
        assert not re.search(rf"(?<![\w-]){re.escape(personal)}(?![\w-])", text), personal


def test_a_job_without_torch_does_not_load_it_for_its_record():
    code = "import sys; from semtok.run import jobs, records; records.of_this_process(1); print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(ROOT / "src")}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_the_commit_is_that_of_the_code_or_unknown(tmp_path, monkeypatch):
    """A copy of the package in a repository of its own, and in one that does not know it."""
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org", "-C", str(tmp_path)]
    module = tmp_path / "src/semtok/run/records.py"
    module.parent.mkdir(parents=True)
    shutil.copy(records.__file__, module)
    monkeypatch.setattr(records, "__file__", str(module))
    assert records.commit() == {"commit": None, "modified": None}
    subprocess.run([*git, "init", "-q"], check=True)
    (tmp_path / "Snakefile").write_text("")
    subprocess.run([*git, "add", "Snakefile"], check=True)
    subprocess.run([*git, "commit", "-qm", "without the package"], check=True)
    assert records.commit() == {"commit": None, "modified": None}
    subprocess.run([*git, "add", "src"], check=True)
    subprocess.run([*git, "commit", "-qm", "with it"], check=True)
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    (tmp_path / "notes.txt").write_text("nothing that a job runs")
    assert records.commit() == {"commit": head, "modified": False}
    module.with_name("new.py").write_text("NEW = True\n")
    assert records.commit() == {"commit": head, "modified": True}
