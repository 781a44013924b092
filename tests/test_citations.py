"""What files cite can be opened: sections of the project's own pages by their titles, inconsistencies by their ids."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.project import ROOT

FOLDERS = ("benchmarks", "config", "docs", "envs", "notebooks", "profiles", "slurm", "src", "tests", "workflow")
ENDINGS = {".csv", ".ipynb", ".json", ".md", ".py", ".sh", ".smk", ".svg", ".toml", ".yaml", ".yml"}
CITATION = re.compile(r'docs/(\w+)\.md,\s+(?:#\s+)?"([^"]+)"')
"""Of a section, as comments and docstrings have it; a line may end before or inside the title."""
ID = re.compile(r"\b[CMS]-I\d+\b")
ROW = re.compile(r"^\| ([CMS]-I\d+) \|(.*)\|$", flags=re.MULTILINE)


def files(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from (path for path in sorted((ROOT / folder).rglob("*")) if path.suffix in ENDINGS)


def everything() -> dict[str, str]:
    """The text files of the project by their paths; what a run or an environment writes is none of them."""
    roots = [path for path in ROOT.iterdir() if path.is_file() and (path.suffix in ENDINGS or not path.suffix)]
    found = [*roots, *files(*FOLDERS)]
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8", errors="replace") for path in found}


def test_no_file_cites_a_numbered_section_of_a_page():
    # The pages' sections have no numbers: whoever reads one looks in vain.
    numbered = re.compile(r"\b(?:methods(?:\.md)?|(?:data|design|statistics)\.md),?\s+(?:#\s+)?(?:section\s+)?\d")
    found = {path: numbered.findall(text) for path, text in everything().items()}
    assert len(found) > 500
    assert {path: cited for path, cited in found.items() if cited} == {}


def test_every_section_that_is_cited_is_there():
    cited = {
        (page, re.sub(r"\s*\n[\s#]*", " ", title))
        for path, text in everything().items()
        if not path.endswith(".json")  # config/schema.json, which is made of docstrings, escapes the quotes
        for page, title in CITATION.findall(text)
    }
    assert len(cited) > 10
    titles = {path.stem: re.findall(r"^#+ (.*)$", path.read_text(), flags=re.MULTILINE) for path in files("docs")}
    assert [(page, title) for page, title in sorted(cited) if title not in titles.get(page, [])] == []


INCONSISTENCIES = dict(ROW.findall((ROOT / "docs/inconsistencies.md").read_text(encoding="utf-8")))


@pytest.mark.parametrize("folder", ["config", "docs", "src", "tests"])
def test_every_inconsistency_that_is_named_is_explained(folder):
    used = {found for path in files(folder) for found in ID.findall(path.read_text(encoding="utf-8"))}
    assert len(used) > 5
    assert sorted(used - INCONSISTENCIES.keys()) == []


def test_an_explanation_has_both_places_and_what_is_done():
    for name, row in INCONSISTENCIES.items():
        cells = [cell.strip() for cell in row.split("|")]
        assert len(cells) == 3, name
        assert all(cells), name
    # Numbered without a gap, each once.
    rows = [name for name, _ in ROW.findall((ROOT / "docs/inconsistencies.md").read_text(encoding="utf-8"))]
    papers = {paper: [name for name in rows if name.startswith(paper)] for paper in "CMS"}
    assert papers == {paper: [f"{paper}-I{n}" for n in range(1, len(names) + 1)] for paper, names in papers.items()}
