import re
from pathlib import Path

import pytest

from semtok.errors import DataError
from semtok.papers import results_page
from semtok.papers.provenance import provenance
from semtok.papers.results_page import check_numbers, write_results_page
from support.project import ROOT

CONCLUSIONS = sorted((ROOT / "docs/results").glob("*-conclusions.md"))
ENVIRONMENT = {
    "commit": "abc",
    "modified": False,
    "python": "3.11.7",
    "packages": {"torch": "2.13.0"},
    "hardware": {"system": "Linux x86_64", "processor": "EPYC", "processors": 2, "threads": 1, "device": "cpu"},
}


class FakeRecord:
    """The record of a job that read the given files."""

    def __init__(self, results: Path, inputs: list[Path]) -> None:
        self.results, self.inputs = results, inputs

    def content(self, *later: Path) -> dict:
        return {
            "rule": "results_page",
            "wildcards": {"paper": "cost"},
            "inputs": [{"path": str(path), "sha256": "0"} for path in self.inputs],
            "outputs": [],
            "config": {},
            "started": "2026-01-01T00:00:00+00:00",
            "seconds": 7200.0,
            "peak_memory_mb": 321,
            "code": "0123456789abcdef",
            "environment": ENVIRONMENT,
        }


@pytest.fixture
def write(tmp_path):
    table, claims = tmp_path / "table2.md", tmp_path / "claims.md"
    table.write_text("**Table 2**\n\n| CoST | 0.1234 [0.1100, 0.1300] |\n\n- 2,963 users\n")
    claims.write_text("| C-1 | reproduced |\n")
    figure, caption = tmp_path / "cost-figure3.svg", tmp_path / "figure3.md"
    caption.write_text("![Figure 3](figure3.svg)\n\n**Figure 3** Bars: means.\n")

    def write(conclusions=None, experiments=None):
        hand_written = tried = None
        if experiments is not None:
            tried = tmp_path / "cost-experiments.md"
            tried.write_text(experiments)
        if conclusions is not None:
            hand_written = tmp_path / "cost-conclusions.md"
            hand_written.write_text(conclusions)
        record = FakeRecord(tmp_path, [table, claims])
        page = tmp_path / "cost.md"
        write_results_page(record, "CoST", [table], [figure], [caption], claims, hand_written, tried, page)
        return page.read_text()

    return write


def test_the_page_has_all_parts_in_order(write):
    page = write("CoST wins: 0.1234.")
    parts = [
        "# CoST: results",
        "CoST wins: 0.1234.",
        "| C-1 | reproduced |",
        "0.1234 [0.1100",
        "](cost-figure3.svg)",
        "Bars: means.",
    ]
    places = [page.index(part) for part in parts]
    assert places == sorted(places)
    assert "1 job in 2.0 hours" in page
    assert "2 of the files that went in were made by no job on record" in page
    assert "earlier version): `table2.md`, `claims.md`." in page
    assert "EPYC, 2 cores (Linux x86_64), device cpu, Python 3.11.7, torch 2.13.0" in page


def test_a_page_needs_no_conclusions(write):
    assert "| C-1 | reproduced |" in write()


def test_what_an_experiment_printed_stands_behind_the_claims_and_can_be_cited(write):
    page = write("The leak has 0.3020.", "By a script:\n\n| leaking | 0.3020 |\n")
    assert page.index("| C-1 |") < page.index("## Experiments\n\nBy a script:") < page.index("## Tables")
    assert "## Experiments" not in write("CoST wins: 0.1234.")


def test_what_the_check_found_is_told_at_the_top_and_listed_below_the_verdicts(write, monkeypatch):
    def with_warning(*given):
        return provenance(*given) | {"warnings": ["train nyc read other bytes"]}

    monkeypatch.setattr(results_page, "provenance", with_warning)
    page = write("It is 0.1234.")
    parts = ["[below](#what-the-check-of-the-records-found)", "It is 0.1234.", "| C-1 | reproduced |", "Bars: means."]
    parts += ["## What the check of the records found\n\n- train nyc read other bytes\n", "## What was run"]
    places = [page.index(part) for part in parts]
    assert places == sorted(places)
    # The site has no such file.
    assert "conclusions.md" not in re.sub("<!--.*?-->", "", page)


@pytest.mark.parametrize("number", ["0.124", "2,936", "12,963", "1,002,963"])
def test_conclusions_cite_only_what_was_measured(write, number):
    with pytest.raises(DataError, match=rf"cost-conclusions.md, line 2: found {re.escape(number)}; expected"):
        write(f"As 0.1100 says,\nof 2,963 it is {number}, now.")


@pytest.mark.parametrize("conclusions", CONCLUSIONS, ids=lambda path: path.stem)
def test_pages_of_the_documentation_have_their_conclusions_and_the_numbers_of_these(conclusions):
    page = conclusions.with_name(conclusions.name.replace("-conclusions", "")).read_text()
    concluded = conclusions.read_text().strip()
    above, below = page.split("## Claims")
    assert concluded in above
    check_numbers(concluded, below.partition("## Figures")[0], conclusions)


def test_versions_and_code_are_no_numbers():
    check_numbers("With torch-2.13.0 and `0.999`, in 12 cases of 1.5, seeds 1,2 and `1,234`.", "1.5", Path("x.md"))
