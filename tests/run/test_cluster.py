"""What is cancelled, told by stand-ins for squeue and scancel. A real Slurm: tests/slurm."""

import getpass
from pathlib import Path

import pytest

from semtok.run.cluster import cancel_jobs

RUN = "d618bfc4-06f4-48f9-8b30-06d3e9b4ebd9"


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of programs of which scancel writes down what it is given; their output goes into `squeue.out`."""
    for name, text in {
        "squeue": f'echo "$@" > {tmp_path}/asked; cat {tmp_path}/squeue.out',
        "scancel": f'echo "$@" > {tmp_path}/cancelled',
    }.items():
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


def test_only_jobs_of_snakemake_and_of_this_folder_are_cancelled(slurm: Path, tmp_path: Path):
    jobs = [
        ("1", RUN, tmp_path / "project"),
        ("2", RUN, tmp_path / "elsewhere"),
        ("3", "semtok-driver", tmp_path / "project"),
        ("4_7", RUN, tmp_path / "project"),
    ]
    (slurm / "squeue.out").write_text("".join(f"{job}|{name}|{where}\n" for job, name, where in jobs))
    assert cancel_jobs(tmp_path / "project") == ["1", "4_7"]
    assert (slurm / "cancelled").read_text().split() == ["1", "4_7"]
    assert f"--user={getpass.getuser()}" in (slurm / "asked").read_text()


def test_nothing_left_is_nothing_cancelled(slurm: Path, tmp_path: Path):
    (slurm / "squeue.out").write_text("")
    assert cancel_jobs(tmp_path) == []
    assert not (slurm / "cancelled").exists()


def test_a_slurm_that_fails_is_a_warning(slurm: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture):
    (slurm / "squeue").write_text("#!/bin/sh\nexit 1\n")
    assert cancel_jobs(tmp_path) == []
    assert "could not look for Slurm jobs" in caplog.text
