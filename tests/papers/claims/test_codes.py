import pytest

from support import fabricated_cost as cost
from support.fabricated_simcit import judge


def test_collisions(as_printed, reversed_cost, equal):
    assert as_printed.loc["C-14", "verdict"] == "reproduced"
    assert reversed_cost.loc["C-14", "verdict"] == "not reproduced"
    assert "rqvae > cost in collision rate" in reversed_cost.loc["C-14", "reason"]
    assert equal.loc["C-14", "verdict"] == "inconclusive"


@pytest.mark.parametrize("claim", ["M-11", "M-12.NYC", "M-14"])
def test_verdicts_of_codes(as_claimed, reversed_simcit, claim):
    assert as_claimed.loc[claim, "verdict"] == "reproduced", as_claimed.loc[claim].to_dict()
    assert reversed_simcit.loc[claim, "verdict"] == "not reproduced", reversed_simcit.loc[claim].to_dict()


def test_a_margin_is_in_percent(reversed_simcit):
    assert "simcit over simcit+codeword_regularizer=1.0" in reversed_simcit.loc["M-11", "reason"]
    assert "%" in reversed_simcit.loc["M-11", "measured"]


def test_a_loss_of_a_few_codewords_is_no_collapse(tmp_path):
    found = judge(tmp_path, diagnostics={"simcit-no-annealing": {"perplexity": 0.79}}, tables=["table4"], figures=[])
    assert found.loc["M-7", "verdict"] == "not reproduced"
    assert "by more than 25%" in found.loc["M-7", "measured"]


def test_codes_of_other_shapes_are_not_compared(tmp_path):
    measured = {"simcit": {"size": 64}}
    found = judge(tmp_path, diagnostics=measured, tables=["table2", "table4"], figures=[])
    assert found.loc["M-12.NYC", "verdict"] == "not comparable"
    assert "simcit is 3x64" in found.loc["M-12.NYC", "reason"]
    assert "rqvae-3x48 is 3x48" in found.loc["M-12.NYC", "reason"]


def test_diagnostics_may_lack_what_a_claim_needs(tmp_path, monkeypatch):
    def without(path, *_):
        path.write_text('{"tuples": {"collision_rate": 0.1}}')
        return path

    monkeypatch.setattr(cost, "write_diagnostics", without)
    row = cost.judge(tmp_path, cost.AS_PRINTED, [0]).loc["C-14"]
    assert row["verdict"] == "inconclusive"
    assert "P(collision | nearest)" in row["reason"]


def test_a_claim_about_codes_needs_codes(tmp_path):
    row = cost.judge(tmp_path, cost.AS_PRINTED, [0], without_codes="cost").loc["C-14"]
    assert row["verdict"] == "inconclusive"
    assert "Cost has no codes" in row["reason"]
