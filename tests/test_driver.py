"""What the driver knows of Snakemake's insides holds for the installed one; what it says is in tests/workflow."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from snakemake import api
from snakemake.persistence.file import FilePersistence
from snakemake_interface_executor_plugins.settings import ExecMode

from semtok.driver import Driver, _is_remembered
from semtok.plan.check import check
from semtok.plan.paths import Paths
from semtok.plan.stages import Stages
from semtok.run.locks import DRIVER_VARIABLE
from support.project import ROOT


@pytest.fixture(scope="module")
def planned():
    raw = yaml.load((ROOT / "config" / "config.yaml").read_text(), yaml.CSafeLoader)
    config, papers = check(raw, ROOT / "config" / "papers")
    return Stages(config, Paths(), ROOT), papers


def workflow(mode):
    return SimpleNamespace(exec_mode=mode, execute=print, create_report=print)


@pytest.mark.parametrize("name", ["execute", "create_report", "_build_dag", "get_rule"])
def test_what_is_wrapped_is_there(name):
    assert callable(getattr(api.Workflow, name))


@pytest.mark.parametrize("mode", [ExecMode.REMOTE, ExecMode.SUBPROCESS])
def test_a_job_does_nothing_of_what_a_driver_does(planned, mode):
    job = workflow(mode)
    Driver(job, *planned).prepare([], [])
    assert (job.execute, job.create_report) == (print, print)


@pytest.mark.parametrize(("mode", "outlives"), [(ExecMode.REMOTE, True), (ExecMode.SUBPROCESS, False)])
def test_a_job_on_a_cluster_outlives_its_driver(planned, monkeypatch, mode, outlives):
    monkeypatch.setenv(DRIVER_VARIABLE, "1")
    Driver(workflow(mode), *planned)
    assert (DRIVER_VARIABLE not in os.environ) == outlives


def test_what_snakemake_has_noted_is_remembered(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert not _is_remembered("results/codes.npy")
    memory = SimpleNamespace(_fetch_max_len=lambda folder: 255)
    noted = FilePersistence._record_path(memory, ".snakemake/metadata", "results/codes.npy")
    Path(noted).parent.mkdir(parents=True)
    Path(noted).touch()
    assert _is_remembered("results/codes.npy")
