import shutil
from pathlib import Path

import pytest

from support.project import Project, copy_of_the_project


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items):
    """One worker takes all tests of the workflow, so that the finished project is made once; another has the city."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            group = "city" if item.path.name == "test_city_reruns.py" else "workflow"
            item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Project:
    """The project after one complete run."""
    project = copy_of_the_project(tmp_path_factory.mktemp("finished") / "project")
    project.snakemake("--cores", "2")
    return project


@pytest.fixture
def project(finished, tmp_path) -> Project:
    """A copy of the finished project, its times kept, to be edited."""
    shutil.copytree(finished.root, tmp_path / "project", symlinks=True)
    return Project(tmp_path / "project")
