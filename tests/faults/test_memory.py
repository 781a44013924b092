"""Too little memory: one line that says what to do, from every library."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import semtok

PATH = os.pathsep.join([str(Path(semtok.__file__).parents[1]), str(Path(__file__).parents[1])])
PROGRAM = """
import resource
from semtok.run.jobs import job
from support.jobs import snakemake_object
with job(snakemake_object([], [])):
    import numpy as np
    {imports}
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + (64 << 20),) * 2)
    {work}
"""
WORK = {
    "numpy": ("", "np.ones(1 << 30)"),
    "torch": ("import torch", "torch.ones(1 << 30)"),
    "arrow": ("import pyarrow", "pyarrow.allocate_buffer(1 << 31)"),
}


@pytest.mark.parametrize("library", WORK)
def test_too_little_memory_is_said_in_one_line(tmp_path, library):
    imports, work = WORK[library]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(imports=imports, work=work)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": PATH, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 1
    assert done.stderr == ""
    assert "jobs: out of memory (" in (tmp_path / "results/logs/job.log").read_text()
