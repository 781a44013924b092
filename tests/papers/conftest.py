"""Two made-up runs and their page of verdicts."""

import pytest

from semtok.papers.scoreboard import write_scoreboard
from semtok.papers.workflow_run import read_run
from support.fabricated_cost import AS_PRINTED
from support.made_up_run import REVERSED, with_provenance, write_run


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A run as printed, and one the other way round."""
    root = tmp_path_factory.mktemp("runs")
    return with_provenance(write_run(root / "first", AS_PRINTED)), write_run(root / "second", REVERSED)


@pytest.fixture(scope="module")
def pages(runs, tmp_path_factory):
    """The page of the first run, and of both."""
    root = tmp_path_factory.mktemp("pages")
    both = [read_run(folder) for folder in runs]
    write_scoreboard(both[:1], root / "one.html")
    write_scoreboard(both, root / "two.html")
    return root
