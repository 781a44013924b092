import json

import pytest

from semtok.papers.quantities import beam_fault


@pytest.mark.parametrize(
    ("facts", "fault"),
    [
        ({"overlap@20": 0.95}, ""),
        ({"overlap@20": 0.949}, "finds 94.9% of the true best, less than 95%"),
        ({"certified_targets": 0}, "was not compared"),
        # The soft constraint has no exact ranking to be compared with.
        ({"invalid_rate": 0.6}, ""),
        # By luck a beam may have a target first that is not the true best.
        ({"overlap@20": 1.0, "certified_targets": 100, "beam_recall@1": 0.17, "exhaustive_recall@1": 0.12}, ""),
        (
            {"overlap@20": 1.0, "certified_targets": 100, "beam_recall@1": 0.18, "exhaustive_recall@1": 0.12},
            "has seen it",
        ),
        ({"overlap@20": 1.0, "certified_targets": 20, "beam_recall@1": 0.4, "exhaustive_recall@1": 0.3}, ""),
        (
            {"overlap@20": 1.0, "certified_targets": 20, "beam_recall@1": 0.45, "exhaustive_recall@1": 0.3},
            "has seen it",
        ),
    ],
)
def test_faults_of_a_beam(tmp_path, facts, fault):
    """In the worst of the seeds."""
    (tmp_path / "good.json").write_text(json.dumps({"overlap@20": 1.0, "certified_targets": 100}))
    (tmp_path / "other.json").write_text(json.dumps(facts))
    found = beam_fault([tmp_path / "good.json", tmp_path / "other.json"])
    assert fault in found
    assert bool(found) == bool(fault)
