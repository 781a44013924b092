from pathlib import Path

import pytest

from semtok.papers.inputs import by_run
from semtok.papers.plan import Cell, Run, coded, runs

CODED = [Run("mind", "cost", "tiger", seed) for seed in (0, 1)]
PLAIN = [Run("mind", "ids", "sasrec", seed) for seed in (0, 1)]
CELLS = [
    Cell("table2", "MIND", "ids/sasrec", tuple(PLAIN), ""),
    Cell("table2", "MIND", "cost", tuple(CODED), ""),
    Cell("table2", "MIND", "rqvae", (), "not built"),
]


def test_files_go_by_run():
    assert by_run(runs(CELLS), ["a", "b", "c", "d"]) == dict(zip([*PLAIN, *CODED], map(Path, "abcd"), strict=True))


def test_runs_over_plain_ids_have_no_diagnostics():
    assert by_run(coded(CELLS), ["c", "d"]) == dict(zip(CODED, map(Path, "cd"), strict=True))
    assert by_run(coded(CELLS[:1]), []) == {}


def test_every_run_has_its_file():
    with pytest.raises(ValueError, match="shorter"):
        by_run(runs(CELLS), ["c", "d"])
    with pytest.raises(ValueError, match="longer"):
        by_run(coded(CELLS), ["a", "b", "c", "d"])
