"""Every command of README and docs is dry-run as it stands, run, or told why it is not."""

import os
import re
import shlex
import subprocess
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO
from typing import NamedTuple

import pytest
from snakemake.cli import args_to_api, parse_args

from support.commands import Command, commands, raw_files
from support.project import ROOT, Project, copy_of_the_project

EVERY = list({command.line: command for command in commands()}.values())


class Elsewhere(NamedTuple):
    """Where a command is run that is not run here, or nowhere and why."""

    why: str
    test: str = ""
    holds: str = ""
    """What stands in that test."""


ELSEWHERE = {
    r"snakemake --report .*": Elsewhere("needs results", "tests/workflow/test_demo.py", '"--report", "results/report'),
    r"snakemake --help": Elsewhere("Snakemake's own"),
    r"snakemake --containerize > Dockerfile": Elsewhere("needs conda, which the page says was not at hand"),
    r"snakemake .*--software-deployment-method conda .*": Elsewhere(
        "needs conda, which the page says was not at hand", "tests/workflow/test_environments.py", "envs"
    ),
    r"snakemake --configfile results/config\.yaml.*": Elsewhere(
        "needs an unpacked crate", "tests/workflow/test_provenance.py", '"--allowed-rules", "ranking_table"'
    ),
    r"rm (-r )?results/.*": Elsewhere("in an unpacked crate", "tests/workflow/test_provenance.py", "unlink"),
    r"python -m semtok\.verify( \S*ro-crate\.zip.*)": Elsewhere(
        "needs a crate", "tests/workflow/test_provenance.py", "verify_crate(crate)"
    ),
    r"semtok new-dataset .*": Elsewhere("needs tables", "tests/config/test_readme.py", 'main(["new-dataset"'),
    r"python -m semtok\.compare .*": Elsewhere(
        "needs results", "tests/papers/test_scoreboard.py", "from semtok.compare import main"
    ),
    r"python -m semtok\.explain .*": Elsewhere("needs results", "tests/test_explain.py", "main("),
    r"python -m semtok\.archive .*": Elsewhere(
        "needs results", "tests/workflow/test_archive.py", '"-m", "semtok.archive"'
    ),
    r"snakemake .* archive=FILE -- fetch": Elsewhere("needs an archive", "tests/workflow/test_archive.py", '"fetch"'),
    r"semtok fetch .+": Elsewhere("needs an archive", "tests/test_main.py", "a.zip"),
    r"semtok (archive|fetch)": Elsewhere("needs results", "tests/test_main.py", "test_each_module_is_there"),
    r"python -m semtok\.status.*": Elsewhere("needs results", "tests/test_status.py", "main("),
    r"python -m semtok\.verify( results/cpu)?": Elsewhere(
        "needs results", "tests/workflow/test_provenance.py", '"-m", "semtok.verify"'
    ),
    r"python -m semtok\.config\.documentation": Elsewhere(
        "writes into docs/", "tests/config/test_documentation.py", "documentation.options()"
    ),
    r"python -m semtok\.plan\.forecast": Elsewhere("needs results", "tests/plan/test_forecast.py", "forecast"),
    r"PYTHONPATH=src:tests python -m support\.planted_worlds .*": Elsewhere(
        "takes hours", "tests/papers/claims/test_planted_worlds.py", "planted_worlds"
    ),
}


def where(command: Command) -> Elsewhere | None:
    found = [place for pattern, place in ELSEWHERE.items() if re.fullmatch(pattern, command.line)]
    assert len(found) < 2, f"{command}: two reasons"
    return found[0] if found else None


def of(program: str) -> list[Command]:
    """The commands of a program that are run here."""
    return [command for command in EVERY if re.match(program, command.line) and not where(command)]


DRY_RUN, MAKE, PYTEST = r"snakemake\b|semtok plan\b", r"make ", r"(\.venv/bin/)?pytest "


def test_every_command_is_looked_after():
    known = {str(command) for program in (DRY_RUN, MAKE, PYTEST) for command in of(program)}
    assert len(known) > 25
    assert [str(command) for command in EVERY if str(command) not in known and not where(command)] == []


def test_every_reason_is_one():
    for pattern, place in ELSEWHERE.items():
        assert any(re.fullmatch(pattern, command.line) for command in EVERY), f"no page has {pattern}"
        assert not place.test or place.holds in (ROOT / place.test).read_text(), f"{place.test} lacks {place.holds}"


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Project:
    """A copy of the project, and an empty file in the place of each raw file."""
    project = copy_of_the_project(tmp_path_factory.mktemp("clone") / "semtok")
    configs = [*(ROOT / "config").glob("*.yaml")]
    for command in EVERY:
        for name, content in command.files:
            if name.endswith(".yaml"):
                configs.append(project.root / f"{len(configs)}-{name}")
                configs[-1].write_text(content)
    for path in raw_files(iter(configs)):
        file = project.root.parent / "mirror" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return project


@pytest.mark.parametrize("command", of(DRY_RUN), ids=str)
def test_a_run_is_planned(command: Command, clone: Project, monkeypatch):
    mirror = re.compile(r"/path/to/[\w/]+")
    for name, content in command.files:
        (clone.root / name).write_text(mirror.sub(str(clone.root.parent / "mirror"), content))
    line = mirror.sub(str(clone.root.parent / "mirror"), command.line)
    # As a shell takes it apart.
    words = subprocess.run(["bash", "-c", f"printf '%s\\n' {line}"], capture_output=True, text=True, check=True).stdout
    arguments = words.splitlines()[2 if line.startswith("semtok plan") else 1 :]
    said = StringIO()
    path, environment = list(sys.path), dict(os.environ)
    try:
        with chdir(clone.root), redirect_stdout(said), redirect_stderr(said):
            parser, parsed = parse_args(arguments)
            parsed.dryrun, parsed.nolock = True, True
            assert args_to_api(parsed, parser), said.getvalue()[-3000:]
    finally:
        sys.path[:] = path
        os.environ.clear()
        os.environ.update(environment)
    assert "Job stats" in said.getvalue() or "othing to be done" in said.getvalue()


@pytest.mark.parametrize("command", of(MAKE), ids=str)
def test_make_knows_the_target(command: Command):
    done = subprocess.run(
        ["make", "--dry-run", *shlex.split(command.line)[1:]], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", of(PYTEST), ids=str)
def test_the_tests_are_there(command: Command):
    words = shlex.split(command.line)[1:]
    marks = (ROOT / "pyproject.toml").read_text()
    if "-m" in words:
        at = words.index("-m")
        assert f'"{words[at + 1]}: ' in marks
        del words[at : at + 2]
    assert [word for word in words if not (ROOT / word).exists()] == []
