import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from support.project import CITY, Project, copy_of_the_project


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Project:
    """This worker's copy of the project `name`, which the worker that asks first makes while the others wait for it.

    Not one worker for all that share it (`xdist_group`): pytest 9.2 ignores the groups of pytest-xdist 3.8
    (pytest-xdist issue 1386), and one worker would have most of the work.
    """
    shared = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    original, part = shared / name, shared / f"{name}.part"
    with FileLock(shared / f"{name}.lock"):
        if not original.exists():
            shutil.rmtree(part, ignore_errors=True)
            make(part)
            part.rename(original)
    copy = factory.mktemp(name) / "project"
    shutil.copytree(original, copy, symlinks=True)
    return Project(copy)


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Project:
    """The project after one complete run."""

    def make(folder: Path) -> None:
        copy_of_the_project(folder).snakemake("--cores", "2")

    return made_once(tmp_path_factory, "finished", make)


@pytest.fixture
def project(finished, tmp_path) -> Project:
    """A copy of the finished project, its times kept, to be edited."""
    shutil.copytree(finished.root, tmp_path / "project", symlinks=True)
    return Project(tmp_path / "project")


@pytest.fixture(scope="module")
def city(tmp_path_factory) -> Project:
    """A tiny city of four modalities after its Table IV."""

    def make(folder: Path) -> None:
        copy_of_the_project(folder, CITY).snakemake("--cores", "2", "--", "results/papers/simcit/table4.csv")

    return made_once(tmp_path_factory, "city", make)
