"""The command `semtok`: each part stands for something that is there."""

import re
import sys

import pytest
from snakemake.cli import parse_args

from semtok import __main__
from semtok.__main__ import COMMANDS, main
from support.project import ROOT


def test_help_lists_each_command_with_what_it_stands_for(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    for name, command in COMMANDS.items():
        assert re.search(rf"^  {name} +\S.*\n += {re.escape(command.stands_for)}$", said, flags=re.MULTILINE)


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - {"demo", "fetch", "plan"}))
def test_each_module_is_there_and_takes_arguments(name, capsys):
    assert COMMANDS[name].stands_for.startswith("python -m semtok.")
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    assert "usage:" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["demo", "fetch", "plan"])
def test_the_help_of_a_snakemake_target_is_short_and_names_it(name, called, capsys):
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert said.startswith(f"usage: semtok {name}")
    assert COMMANDS[name].stands_for in said
    assert len(said.splitlines()) < 20
    assert not called


def test_a_config_or_an_archive_that_is_not_there_is_named(called, tmp_path):
    with pytest.raises(SystemExit, match=r"--configfile nofile\.yaml: found no such file; expected a config"):
        main(["plan", "results/x.csv", "--configfile", "nofile.yaml"])
    with pytest.raises(SystemExit, match=r"error: nofile\.zip: found no archive"):
        main(["fetch", "nofile.zip"])
    (tmp_path / "cut.zip").write_bytes(b"PK\x03\x04")
    with pytest.raises(SystemExit, match=r"error: .*cut\.zip: cannot be read"):
        main(["fetch", str(tmp_path / "cut.zip")])
    assert not called


def test_plan_is_a_dry_run_of_snakemake(monkeypatch, config):
    called = []
    monkeypatch.setattr(__main__.subprocess, "call", lambda command: called.append(command) or 3)
    assert main(["plan", "--configfile", "x.yaml", "--", "results/x.csv"]) == 3
    assert called[0][:3] == [sys.executable, "-m", "snakemake"]
    assert "--dry-run" in called[0]
    assert called[0][-4:] == ["--configfile", "x.yaml", "--", "results/x.csv"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["results/x.csv", "--configfile", "x.yaml"],
        ["results/x.csv"],
        ["--configfile", "x.yaml", "--", "results/x.csv"],
    ],
)
def test_plan_takes_a_target_first_or_last(arguments, called, config):
    main(["plan", *arguments])
    _, parsed = parse_args(called[0][3:])
    assert (parsed.targets, parsed.dryrun, parsed.nolock) == (["results/x.csv"], True, True)


@pytest.fixture
def config(tmp_path, monkeypatch):
    """A folder with x.yaml."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.yaml").touch()


@pytest.fixture
def called(monkeypatch):
    """The commands that would have been started; each ends with 0."""
    commands = []
    monkeypatch.setattr(__main__.subprocess, "call", lambda command: commands.append(list(command)) or 0)
    return commands


def test_demo_is_snakemake_and_its_report(called):
    assert main(["demo", "--cores", "1"]) == 0
    assert [command[3:] for command in called] == [["--cores", "1"], ["--report", "results/demo/report.html"]]


def test_fetch_is_a_rule_of_the_workflow(called, config, monkeypatch):
    monkeypatch.setattr("semtok.archive.archives", lambda place: [])
    assert main(["fetch", "a.zip", "--configfile", "x.yaml"]) == 0
    assert called[0][3:] == ["--configfile", "x.yaml", "--config", "archive=a.zip", "--", "fetch"]
    main(["fetch", "a.zip", "--config", "mirror=raw", "--cores", "1"])
    assert called[1][3:] == ["--config", "archive=a.zip", "mirror=raw", "--cores", "1", "--", "fetch"]
    with pytest.raises(SystemExit, match="expected semtok fetch FILE-OR-FOLDER"):
        main(["fetch", "--configfile", "x.yaml"])


def test_an_unknown_command_is_refused(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["plon"])
    assert ended.value.code == 2
    assert "plan" in capsys.readouterr().err


def test_the_package_brings_the_command():
    assert 'semtok = "semtok.__main__:main"' in (ROOT / "pyproject.toml").read_text()
