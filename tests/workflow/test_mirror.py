"""A mirror's files are known by what is in them: their times are those of a copy."""

import os

import pytest

from support.project import Job, Project, copy_of_the_project

STATS = "results/data/mind/stats.json"
RAW = "mirror/mind/MINDsmall_train.zip"
MIRROR = ("--config", "source=mirror", "mirror=mirror")


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory) -> Project:
    """A project whose data were prepared from a mirror, which has what a synthetic world has."""
    project = copy_of_the_project(tmp_path_factory.mktemp("mirror") / "project")
    project.snakemake("--cores", "1", "--", "results/raw/synthetic/mind")
    (project.root / "results/raw/synthetic/mind").rename(project.root / "mirror")
    project.snakemake("--cores", "1", *MIRROR, "--", STATS)
    return project


def planned(project: Project) -> set[Job]:
    return project.planned(STATS, source="mirror", mirror="mirror")


def test_a_copy_with_new_times_makes_nothing_anew(mirrored: Project):
    (mirrored.root / RAW).touch()
    assert planned(mirrored) == set()


def test_another_file_with_old_times_is_prepared_anew(mirrored: Project):
    raw = mirrored.root / RAW
    before, times = raw.read_bytes(), raw.stat()
    raw.write_bytes(before[:-1])
    os.utime(raw, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert planned(mirrored) == {Job("prepare", "dataset=mind")}
    raw.write_bytes(before)
    assert planned(mirrored) == set()
