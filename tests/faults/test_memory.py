"""Too little memory: one line that says what to do, from every library."""

import resource
from pathlib import Path

import numpy as np
import pyarrow
import pytest
import torch

from semtok.run.jobs import job
from support.jobs import snakemake_object

WORK = {
    "numpy": lambda: np.ones(1 << 31),
    "torch": lambda: torch.ones(1 << 32),
    "arrow": lambda: pyarrow.allocate_buffer(1 << 34),
}


@pytest.fixture
def little_memory():
    """64 MiB more than this process has."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + (64 << 20), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.mark.parametrize("library", WORK)
def test_too_little_memory_is_said_in_one_line(tmp_path, monkeypatch, capfd, little_memory, library):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as end, job(snakemake_object([], [])):
        WORK[library]()
    assert end.value.code == 1
    assert capfd.readouterr().err == ""
    assert "jobs: out of memory (" in (tmp_path / "results/logs/job.log").read_text()
