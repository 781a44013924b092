import re
from typing import get_args

from semtok.papers.claims.make import called
from semtok.plan.claim_base import Verdict
from support import fabricated_simcit as simcit
from support.fabricated_cost import AS_PRINTED, judge

VERDICTS = set(get_args(Verdict))


def test_one_row_a_claim(as_printed):
    assert list(as_printed.index) == [f"C-{number}" for number in range(1, 16)]
    assert list(as_printed.columns) == [
        *("paper", "claim", "quote", "test", "printed", "measured", "p_values", "verdict", "truth", "reason", "source"),
    ]
    assert as_printed.loc["C-1", "printed"] == "43.34%"
    assert set(as_printed["verdict"]) <= VERDICTS
    assert (as_printed["reason"].str.len() > 20).all()
    assert (as_printed["test"].str.len() > 20).all()


def test_a_joint_claim_has_a_row_and_every_part_too(as_claimed):
    assert [name for name in as_claimed.index if "." not in name] == [f"M-{number}" for number in range(1, 15)]
    assert [name for name in as_claimed.index if name.startswith("M-1.")] == [
        "M-1.INS",
        "M-1.BEA",
        "M-1.NYC",
        "M-1.TKY",
    ]
    assert set(as_claimed["verdict"]) <= VERDICTS
    assert (as_claimed["reason"].str.len() > 10).all()
    assert (as_claimed["test"].str.len() > 20).all()


def test_a_joint_claim_holds_with_its_parts(as_claimed, reversed_simcit):
    assert set(as_claimed.loc[["M-5", "M-6", "M-7", "M-9"], "verdict"]) == {"reproduced"}
    joint = reversed_simcit.loc[["M-1", "M-1.NYC", "M-5", "M-6", "M-7", "M-8", "M-13"], "verdict"]
    assert set(joint) == {"not reproduced"}
    assert reversed_simcit.loc["M-1", "reason"] == "Not reproduced: NYC; not run: INS, BEA, TKY."
    assert reversed_simcit.loc["M-1", ["measured", "p_values"]].to_list() == ["", ""]


def test_a_paper_s_claims_have_no_known_answer(tmp_path):
    judge(tmp_path, AS_PRINTED, [0])
    assert "Truth" not in (tmp_path / "claims.md").read_text()


def test_synthetic_data_get_no_verdict_and_are_told_of_once(tmp_path):
    rows = judge(tmp_path, AS_PRINTED, [0], source="synthetic", users=700)
    assert set(rows["verdict"]) == {"synthetic"}
    assert (tmp_path / "claims.md").read_text().count("Synthetic data") == 1
    assert 'class="warning">Synthetic data' in (tmp_path / "claims.html").read_text()


def test_what_is_said_of_a_claim_stands_below_the_table(tmp_path):
    rows = simcit.judge(tmp_path, {"simcit": simcit.BASE})
    page = (tmp_path / "claims.md").read_text()
    noted = [name for name in rows.index if f"\n- {name}: " in page]
    assert {"M-1", "M-6", "M-8"} <= {*noted}
    for name in noted:
        (said,) = re.findall(rf"\n- {name}: (.*)", page)
        assert rows.loc[name, "test"].endswith(said)
    # Nothing is said of what was not run.
    assert rows.loc["M-4", "source"] == "not run"
    assert "M-4" not in noted


def test_variants_are_called_as_their_table_calls_them():
    labels = {"km+size=8": "Codes of texts", "km+size=8+encoder=sage": "Codes of places"}
    text = "km+size=8+encoder=sage > km+size=8 in Recall@10; km+size=80; km+size=8+x=1; km+size=8.5; not km+size=8."
    assert called(text, labels) == (
        "Codes of places > Codes of texts in Recall@10; km+size=80; km+size=8+x=1; km+size=8.5; not Codes of texts."
    )
    assert called(text, {}) == text


def test_the_same_input_gives_the_same_bytes(tmp_path):
    contents = []
    for _ in range(2):
        judge(tmp_path, AS_PRINTED, [0])
        contents.append([(tmp_path / f"claims.{suffix}").read_bytes() for suffix in ("csv", "md", "html")])
    assert contents[0] == contents[1]
