"""Faults in the middle of a workflow: a clear error, and the next run ends with the bytes of an undisturbed one."""

from support.disks import remount, tmpfs
from support.kills import contents
from support.project import copy_of_the_project

DATA = ["--cores", "1", "--", "results/data/mind/stats.json"]


def said_by(done):
    """What a run that has failed says, in one line."""
    assert done.returncode != 0
    said = " ".join((done.stdout + done.stderr).split())
    assert "Traceback" not in said
    return said


def assert_same(disturbed, undisturbed):
    found, expected = contents(disturbed), contents(undisturbed)
    assert found
    assert [path for path, content in found.items() if expected.get(path) != content] == []


def test_a_full_and_a_read_only_disk(finished, tmp_path):
    project = copy_of_the_project(tmp_path / "project")
    results = project.root / "results"
    with tmpfs(results, "32k"):
        assert ".parquet: cannot be written, the disk is full" in said_by(project.snakemake(*DATA, check=False))
        assert not list(results.rglob("*.parquet"))
        remount(results, "size=50m,ro")
        said = said_by(project.snakemake(*DATA, check=False))
        assert f"{results}: cannot be written to, the file system is read-only" in said
        remount(results, "rw")
        project.snakemake(*DATA)
        assert_same(project, finished)


def test_an_intermediate_file_that_was_cut_short(finished, project):
    folder = project.root / "results/tokenizers/mind/random/0"
    target = ["--cores", "1", "--", "results/tokenizers/mind/random/0/diagnostics.json"]
    codes = folder / "raw_codes.npy"
    codes.write_bytes(codes.read_bytes()[:-40])
    (folder / "diagnostics.json").unlink()
    said = said_by(project.snakemake(*target, check=False))
    assert "results/tokenizers/mind/random/0/raw_codes.npy: cannot be read" in said
    codes.unlink()
    project.snakemake(*target)
    assert contents(project) == contents(finished)
