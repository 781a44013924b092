"""The walks of docs/design.md lead through files that are there, each named by one before it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DESIGN = (ROOT / "docs/design.md").read_text()


def walk(title: str) -> list[str]:
    section = DESIGN.split(f"### {title}\n")[1].split("\n#")[0]
    return re.findall(r"^\d+\. `([^`]+)`", section, flags=re.MULTILINE)


def is_named(path: str, before: str) -> bool:
    """Whether files name another: a rule by its path, a script by its name, a module by an import."""
    if path.startswith("workflow/rules/"):
        return path in before
    if path.startswith("workflow/"):
        return f"scripts/{Path(path).name}" in before
    module = path.removeprefix("src/").removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    package, _, last = module.rpartition(".")
    return module in before or bool(re.search(rf"from {package} import .*\b{last}\b", before))


@pytest.mark.parametrize(("title", "at_most"), [("A cell of Table 2", 19), ("A training", 14)])
def test_a_walk_leads_from_file_to_file(title, at_most):
    files = walk(title)
    assert 8 < len(files) <= at_most
    assert [path for path in files if not (ROOT / path).is_file()] == []
    before = (ROOT / "Snakefile").read_text()
    for path in files:
        assert path == "Snakefile" or is_named(path, before), f"nothing before it names {path}"
        before += (ROOT / path).read_text()


def test_every_path_that_the_design_names_exists():
    paths = set(re.findall(r"`((?:src|workflow|config|docs|tests)/[a-z0-9_./-]+\.(?:py|smk|yaml|md))`", DESIGN))
    assert len(paths) > 25
    assert [path for path in sorted(paths) if not (ROOT / path).is_file()] == []
