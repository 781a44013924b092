"""A finished run's archive, taken by a clone that has nothing but the data's source."""

import shutil
import subprocess
import sys

import pytest

from support.project import copy_of_the_project

TABLE = "results/papers/cost/table2.csv"


def test_a_clone_makes_the_table_from_what_it_takes(project, tmp_path):
    expected = (project.root / TABLE).read_bytes()
    command = [sys.executable, "-m", "semtok.archive", "results", "--into", str(tmp_path)]
    subprocess.run(command, cwd=project.root, check=True, capture_output=True)
    archive = next(tmp_path.glob("semtok-*.zip"))
    for folder in ("results", ".snakemake"):
        shutil.rmtree(project.root / folder)
    said = project.snakemake("--cores", "1", "--config", f"archive={archive}", "--", "fetch").stderr
    assert "those of 0 jobs not taken" in said
    assert {job.rule for job in project.planned(TABLE)} == {"ranking_table"}
    project.snakemake("--cores", "1", "--", TABLE)
    assert (project.root / TABLE).read_bytes() == expected
    # With another temperature, CoST's codes and what follows are its own.
    shutil.rmtree(project.root / "results")
    project.edit_config("tokenizers.cost.temperature", 0.7)
    said = project.snakemake("--cores", "1", "--config", f"archive={archive}", "--", "fetch").stderr
    assert "not taken: tokenize/mind/cost/0: other options, options.temperature: 0.7 here, 0.1 there" in said
    trained = {job.wildcards for job in project.planned(TABLE) if job.rule == "tokenize"}
    assert trained == {"dataset=mind, tokenizer=cost, seed=0"}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([], "archive: found null; expected the archive"),
        (["--config", "archive=missing.zip"], "missing.zip: found no archive; expected a file"),
        (["--config", "archive=README.md"], "README.md: cannot be read"),
    ],
)
def test_fetch_without_an_archive_is_refused_in_a_line(tmp_path, given, told):
    project = copy_of_the_project(tmp_path / "project")
    (project.root / "README.md").write_text("no archive")
    done = project.snakemake("--cores", "1", *given, "--", "fetch", check=False)
    assert done.returncode == 1
    said = done.stdout + done.stderr
    assert f"error: {told}" in said
    assert "Traceback" not in said
