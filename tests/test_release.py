"""A version is the same wherever it stands, and the container is made of what is here."""

import re
import shlex
import tomllib
from importlib.metadata import metadata, version

import pytest
import yaml
from packaging.specifiers import SpecifierSet

import semtok
from support.project import PARTS, ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CONTAINER = [
    shlex.split(line)
    for line in re.sub(r"\\\n", " ", (ROOT / "Containerfile").read_text()).splitlines()
    if line and not line.startswith("#")
]


def test_the_version_is_one():
    newest, remark = re.findall(r"^## (\S+?)(?:, (.*))?$", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)[0]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert newest == PROJECT["version"] == citation["version"]
    assert semtok.__version__ == version("semtok") == PROJECT["version"]
    # Of a release both have the day.
    assert remark in ("not released yet", str(citation.get("date-released")))


def of(instruction: str) -> list[list[str]]:
    return [words[1:] for words in CONTAINER if words[0] == instruction]


def test_the_container_copies_what_is_there():
    copied = {source for words in of("COPY") for source in words[1:-1]}
    assert [source for source in sorted(copied) if not (ROOT / source).exists()] == []
    # What a run needs, and what the package's installation reads.
    assert {*PARTS, "requirements.lock", "pyproject.toml", PROJECT["readme"], *PROJECT["license-files"]} <= copied


def test_the_container_has_the_python_and_the_versions_of_the_tests():
    ((image,),) = of("FROM")
    python = re.search(r"python:(\d+\.\d+)-slim$", image)[1]
    assert f"python{python}" in (ROOT / ".ci/run").read_text()
    assert PROJECT["requires-python"] == f">={python}"
    installs = [words for words in of("RUN") if "pip" in words]
    assert installs[0][-2:] == ["--requirement", "requirements.lock"]
    assert "--no-deps" in installs[1]


def test_the_container_runs_snakemake_as_nobody_special():
    assert of("ENTRYPOINT") == [["[snakemake]"]]
    assert of("USER")[-1] != ["root"]
    kinds = [words[0] for words in CONTAINER]
    assert kinds.index("USER") < kinds.index("COPY")


def test_what_builds_the_site_leaves_the_lock_of_the_demo_alone():
    locks = ("requirements.lock", "requirements-site.lock")
    packages, added = (set(re.findall("^(.+)==", (ROOT / lock).read_text(), flags=re.MULTILINE)) for lock in locks)
    assert {"mkdocs-material", "nbclient", "ipykernel", "latex2mathml"} <= added
    assert len(packages) > 100
    assert packages.isdisjoint(added)


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-site.lock"])
def test_what_is_pinned_runs_on_the_oldest_python(lock):
    """Debian 12 has Python 3.11.2, and the locks are written by whatever Python their author has."""
    pinned = re.findall("^([^=#]+)==(.+)$", (ROOT / lock).read_text(), flags=re.MULTILINE)
    installed = [(name, metadata(name)) for name, pin in pinned if version(name) == pin]
    assert len(installed) > 0.9 * len(pinned) > 10
    asked = {name: of["Requires-Python"] for name, of in installed if of["Requires-Python"]}
    assert [name for name, python in asked.items() if "3.11.2" not in SpecifierSet(python)] == []
