"""The cluster profile: which config it chooses, whose options win, and that its list of GPU rules is that of the rules.

What a real Slurm does with it: tests/slurm.
"""

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from snakemake.profiles import ProfileConfigFileParser

from support.project import ROOT, Project, copy_of_the_project

RULES = "\n".join(file.read_text() for file in sorted((ROOT / "workflow/rules").glob("*.smk")))
PROFILE = Path("slurm/config.v9+.yaml")
SITE = "account: my-group\npartition: short\ngpu_partition: gpu\ngpu_type: a100\ntraining_gpus: 4\nsmall_jobs: 10\n"


@pytest.fixture(scope="module")
def untouched(tmp_path_factory) -> Project:
    return copy_of_the_project(tmp_path_factory.mktemp("profile") / "project")


def resources() -> dict[str, dict[str, int]]:
    """What each rule asks for: threads, and of the first attempt memory and minutes; and its GPUs."""
    found: dict[str, dict[str, int]] = {}
    pattern = r"^(?:use rule (\w+) as|rule) (\w+)(?: with)?:\n(.*?)(?=^\S|\Z)"
    for base, name, body in re.findall(pattern, RULES, flags=re.MULTILINE | re.DOTALL):
        numbers = {
            # A number, or the last of what a function is given.
            key: re.search(rf"\b{key}[=:] ?(?:[\w.]+\((?:\"\w+\", )*)?(\d+)\)?,?\n", body)
            for key in ("threads", "mem_mb", "runtime", "gpu")
        }
        found[name] = found.get(base, {}) | {key: int(number[1]) for key, number in numbers.items() if number}
    return found


def profile(root: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, object]:
    """The options that the profile stands for, as Snakemake reads them."""
    monkeypatch.chdir(root)
    with PROFILE.open() as stream:
        return ProfileConfigFileParser().parse(stream)


def jobs_by_rule(output: str) -> dict[str, int]:
    return {
        rule.strip().replace(" ", "_"): int(count) for rule, count in re.findall(r"^ ([a-z ]+?) +(\d+) $", output, re.M)
    }


def test_the_profile_chooses_what_the_papers_state(untouched):
    command = [sys.executable, "-m", "snakemake", "--profile", "slurm", "results/papers/cost/table2.csv", "--dry-run"]
    done = subprocess.run(
        [*command, "--quiet", "rules"], cwd=untouched.root, capture_output=True, text=True, timeout=300, check=True
    )
    jobs = jobs_by_rule(done.stdout + done.stderr)
    assert jobs["download"] > 0
    assert "synthesize" not in jobs
    assert jobs["tokenize"] % len(yaml.safe_load((ROOT / "config/paper.yaml").read_text())["seeds"]) == 0
    assert jobs["ranking_table"] == 1


def test_another_config_replaces_it(untouched):
    done = untouched.snakemake("--profile", "slurm", "--dry-run", "--quiet", "rules", "--", "results/table2.csv")
    jobs = jobs_by_rule(done.stdout + done.stderr)
    assert jobs["synthesize"] == 1
    assert jobs["tokenize"] == 4
    assert "download" not in jobs


def test_the_default_profile_overrides_nothing(monkeypatch):
    default = yaml.safe_load((ROOT / "profiles/default/config.v9+.yaml").read_text())
    chosen = profile(ROOT, monkeypatch)
    assert not set(default) & {*chosen, "resources", "groups", "group-components"}


def test_gpu_rules_are_the_same_in_the_profile(monkeypatch):
    named = {entry.split(":")[0] for entry in profile(ROOT, monkeypatch)["set-resources"] if "gpu" in entry}
    assert named == {rule for rule, asked in resources().items() if asked["gpu"]}


def test_the_site_file_reaches_the_jobs(tmp_path, monkeypatch):
    project = copy_of_the_project(tmp_path / "project")
    (project.root / "slurm/site.yaml").write_text(SITE)
    chosen = profile(project.root, monkeypatch)
    assert chosen["default-resources"] == ["slurm_account='my-group'", "slurm_partition='short'"]
    assert {"train:slurm_partition='gpu'", "train:gpu_model='a100'"} <= set(chosen["set-resources"])
    assert [entry for entry in chosen["set-resources"] if ":gpu=" in entry] == ["train:gpu=4"]
    assert chosen["set-threads"] == ["train=8"]
    assert chosen["group-components"] == ["evaluate=10", "diagnose=10"]


def test_the_site_file_as_shipped_leaves_all_to_the_cluster(monkeypatch):
    chosen = profile(ROOT, monkeypatch)
    entries = [*chosen["default-resources"], *chosen["set-resources"]]
    assert {entry.split("=")[1] for entry in entries if "in_turn" not in entry} == {"''"}
    assert not {"groups", "set-threads"} & set(chosen)


def test_a_mistake_in_the_site_file_is_named(tmp_path, monkeypatch):
    project = copy_of_the_project(tmp_path / "project")
    (project.root / "slurm/site.yaml").write_text(SITE.replace("gpu_type", "gpu-type"))
    with pytest.raises(SystemExit, match=r"error: slurm/site\.yaml: found .*'gpu-type'.* expected"):
        profile(project.root, monkeypatch)


def test_every_rule_says_what_it_needs():
    assert len(resources()) > 10
    local = {"all"}
    assert {rule for rule, asked in resources().items() if len(asked) < 4} <= local


def test_a_second_attempt_gets_twice_the_memory_and_time(untouched):
    done = untouched.snakemake(
        *("--dry-run", "--workflow-profile", "none", "--cores", "2", "--attempt", "2", "--", "results/table2.csv")
    )
    asked = re.findall(r"^rule (\w+):\n(?:    .*\n)*?    resources: (.*)$", done.stdout + done.stderr, re.MULTILINE)
    assert {"prepare", "tokenize", "train", "decode"} <= {rule for rule, _ in asked}
    for rule, text in asked:
        entry = resources()[rule]
        found = {key: int(value) for key, value in re.findall(r"(mem_mb|runtime|gpu)=(\d+)", text)}
        assert found == {"mem_mb": 2 * entry["mem_mb"], "runtime": 2 * entry["runtime"], "gpu": entry["gpu"]}, rule
