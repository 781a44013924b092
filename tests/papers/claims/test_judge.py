from typing import get_args

import pytest

from semtok.errors import ConfigError
from semtok.papers.claims.judge import JUDGES
from semtok.plan.claim_specs import SingleClaim
from support.fabricated_cost import AS_PRINTED, judge
from support.fabricated_results import DEFINITION
from support.fabricated_simcit import TOKENIZERS
from support.fabricated_simcit import judge as judge_simcit


def test_every_kind_of_claim_has_a_judge():
    assert set(get_args(get_args(SingleClaim)[0])) == set(JUDGES)


def test_missing_runs_are_named(tmp_path):
    found = judge(tmp_path, AS_PRINTED, [0], datasets={"Office(S)": "office-small"}, tables=["table2", "table3"])
    row = found.loc["C-8"]
    assert (row["verdict"], row["source"]) == ("inconclusive", "not run")
    assert "cost on Office(L) (table3): no dataset of this config" in row["reason"]
    assert found.loc["C-7", "source"] == "official"
    assert "figure3 is not among the tables and figures" in found.loc["C-9", "reason"]


def test_data_that_cannot_be_had_are_named(as_claimed):
    assert as_claimed.loc["M-3", "verdict"] == "inconclusive"
    assert "AMap is proprietary" in as_claimed.loc["M-3", "reason"]


def test_pairs_that_were_not_run_leave_a_claim_open(as_claimed):
    row = as_claimed.loc["M-1.NYC"]
    assert row["verdict"] == "inconclusive"
    assert "not run: simcit > ids/stan in Recall@5" in row["reason"]
    assert len(row["p_values"].split(";")) == 4
    # SASRec was run, so that the generative methods' advantage over it is known.
    assert as_claimed.loc["M-2.NYC", "reason"].startswith("6 of 24 ")


def test_tokenizers_that_the_config_lacks_are_not_run(tmp_path):
    without = {name: entry for name, entry in TOKENIZERS.items() if not name.startswith("letter")}
    found = judge_simcit(tmp_path, tokenizers=without, tables=["table2"], figures=[])
    assert "not run: simcit > letter in Recall@5" in found.loc["M-1.NYC", "reason"]
    assert "not run: letter-3x48 > simcit in collision rate" in found.loc["M-12", "reason"]


def test_one_seed_never_decides(tmp_path):
    found = judge(tmp_path, AS_PRINTED, [0])
    assert set(found["verdict"]) == {"inconclusive"}
    assert found.loc["C-1", "reason"].startswith("1 seed only")
    # The numbers are still there.
    assert "cost" in found.loc["C-1", "measured"]


@pytest.mark.parametrize("claim", ["M-5", "M-6", "M-7", "M-9", "M-14"])
def test_a_verdict_on_a_stand_in_names_it(as_claimed, claim):
    assert "NYC stands in for AMap" in as_claimed.loc[claim, "reason"]
    assert "AMap" not in as_claimed.loc["M-12", "reason"]


def test_a_verdict_on_synthetic_data_says_so(tmp_path):
    row = judge(tmp_path, AS_PRINTED, [0], source="synthetic", users=700).loc["C-1"]
    assert row["source"] == "synthetic"
    assert "synthetic data of 700 users" in row["reason"]


def test_a_mirror_sample_is_called_one(tmp_path):
    row = judge(tmp_path, AS_PRINTED, [0], source="mirror", users=900).loc["C-1"]
    assert row["source"] == "mirror"
    assert "mirror sample, 900 users vs the paper's 29,207" in row["reason"]


def test_a_tokenizer_that_the_exhibit_lacks_is_refused(tmp_path):
    broken = DEFINITION.read_text().replace("    better: cost\n    worse: rqvae\n", "    better: cost\n    worse: rq\n")
    path = tmp_path / "paper.yaml"
    path.write_text(broken)
    with pytest.raises(ConfigError, match="claim C-1: table2 has no rq on MIND"):
        judge(tmp_path, AS_PRINTED, [0], definition=path)
