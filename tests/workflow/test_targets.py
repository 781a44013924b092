"""What is asked for is checked before Snakemake looks at any file, whatever lies in the results."""

from pathlib import Path

import pytest

from support.project import Project, copy_of_the_project


@pytest.fixture(scope="module")
def untouched(tmp_path_factory) -> Project:
    """A project in whose results lie tables that nobody made."""
    project = copy_of_the_project(tmp_path_factory.mktemp("targets") / "project")
    for name in ("table2.csv", "papers/cost/table2.csv", "data/mind/stats.json"):
        path = project.root / "results" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (project.root / "raw").mkdir()
    return project


@pytest.mark.parametrize("target", [[], ["results/table2.csv"], ["results/data/mind/stats.json"]])
def test_a_mirror_that_lacks_files_is_refused_although_results_lie_there(untouched: Project, target: list[str]):
    said = untouched.refused(*target, source="mirror", mirror="raw")
    assert "datasets.mind: the mirror raw lacks mind/MINDsmall_train.zip" in said


def test_a_report_is_refused_as_a_run_is(untouched: Project):
    done = untouched.snakemake("--config", "source=mirror", "mirror=raw", "--report", "report.html", check=False)
    assert done.returncode == 1
    said = done.stdout + done.stderr
    assert "datasets.mind: the mirror raw lacks mind/MINDsmall_train.zip" in said
    assert "Traceback" not in said
    assert not (untouched.root / "report.html").exists()


def test_a_user_sees_one_line_and_no_traceback(untouched: Project):
    done = untouched.snakemake("--dry-run", "--", "results/table9.csv", check=False)
    assert done.returncode == 1
    said = done.stdout + done.stderr
    assert "Traceback" not in said
    assert [line for line in said.splitlines() if "table9" in line and "did you mean" in line]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("results/table9.csv", "did you mean 'table"),
        ("results/papers/cst/table2.csv", "did you mean results/papers/cost/table2.csv"),
        ("results/encoders/mind/als.npy", "or results/encoders/mind/als-seed0.npy"),
        ("results/encoders/mind/tfid.npy", "did you mean results/encoders/mind/tfidf.npy"),
        (f"{Path.cwd()}/results/table2.csv", "found an absolute path; expected one from "),
        ("results/tokenizers/mind/cosst/0/codes.npy", "did you mean 'cost'"),
    ],
)
def test_unknown_targets_end_in_one_line_with_the_nearest_names(untouched: Project, target: str, expected: str):
    (line,) = (line for line in untouched.refused(target).splitlines() if target in line)
    assert expected in line


def test_results_of_another_config_are_no_targets_of_this_one(untouched: Project):
    assert Path(untouched.root / "results/table2.csv").is_file()
    said = untouched.refused("results/table2.csv", results="results/other")
    assert "did you mean results/other/table2.csv" in said


def test_another_working_directory_has_the_same_config(untouched: Project, tmp_path: Path):
    done = untouched.snakemake("--directory", str(tmp_path), "--cores", "1", "--", "results/data/mind/stats.json")
    assert (tmp_path / "results/data/mind/stats.json").is_file(), done.stdout + done.stderr
