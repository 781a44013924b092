"""Drivers and workers killed at random moments: the same command ends with the bytes of an undisturbed run."""

import pytest

from support.kills import contents, run_through_kills, start, wait_for_a_worker
from support.project import CITY, TINY, copy_of_the_project

# A run from raw files to metrics, and the codes of a second tokenizer beside it.
TARGETS = ["results/recommenders/mind/cost/tiger/0/metrics.csv", "results/tokenizers/mind/random/0/diagnostics.json"]


def assert_same(disturbed, undisturbed):
    found, expected = contents(disturbed), contents(undisturbed)
    assert found
    assert [path for path, content in found.items() if expected.get(path) != content] == []


def test_a_run_through_kills_ends_with_the_same_bytes(finished, tmp_path):
    project = copy_of_the_project(tmp_path / "project")
    kills = run_through_kills(project, TARGETS, n_kills=2, seconds=12, seed=11)
    assert len(kills) == 2
    assert_same(project, finished)
    results = project.root / "results"
    assert not [path for path in results.rglob("*") if path.name == "checkpoint.pt"]


def test_two_drivers_in_one_folder(finished, tmp_path):
    """The second is refused while the first lives; it takes over when that is killed, and needs no --unlock."""
    project = copy_of_the_project(tmp_path / "project")
    first = start(project, TARGETS)
    try:
        assert wait_for_a_worker(first)
        second = project.snakemake("--cores", "1", "--", *TARGETS, check=False)
        said = " ".join((second.stdout + second.stderr).split())
        assert second.returncode != 0
        assert f"another driver works in this folder (process {first.pid} on" in said
        assert "Traceback" not in said
    finally:
        first.kill()
        first.wait()
    project.snakemake("--cores", "1", "--", "results/data/mind/stats.json")
    assert_same(project, finished)


@pytest.mark.slow
@pytest.mark.parametrize(("config", "seconds"), [(TINY, 60), (CITY, 90)], ids=["tiny", "city"])
def test_a_dozen_kills_each_over_the_demos(tmp_path, config, seconds):
    undisturbed = copy_of_the_project(tmp_path / "undisturbed", config)
    undisturbed.snakemake("--cores", "2")
    project = copy_of_the_project(tmp_path / "project", config)
    kills = run_through_kills(project, [], n_kills=12, seconds=seconds, seed=0)
    assert len(kills) == 12
    assert contents(project).keys() == contents(undisturbed).keys()
    assert_same(project, undisturbed)
