import pytest

from support.fabricated_simcit import BASE, TOKENIZERS, WORST, judge

IDS = [f"M-{number}" for number in range(1, 15)]
# SimCIT above everything, hard search below everything.
AS_CLAIMED = {"simcit": BASE, "simcit-hard-frozen": WORST, "ids": WORST}
MEASURED = {
    "simcit-no-annealing": {"perplexity": 0.3, "use": 0.5},
    "rqvae+codebook_size=48": {"collisions": 0.3},
    "cost+codebook_size=48": {"collisions": 0.25},
    "letter-3x48": {"collisions": 0.2},
    "random+codebook_size=48": {"purity": (0.2, 0.21, 0.5, None)},
}


@pytest.fixture(scope="module")
def claimed(tmp_path_factory):
    return judge(tmp_path_factory.mktemp("claimed"), AS_CLAIMED, MEASURED)


def test_every_claim_has_a_row_and_every_part_too(claimed):
    assert [name for name in claimed.index if "." not in name] == IDS
    assert [name for name in claimed.index if name.startswith("M-1.")] == ["M-1.INS", "M-1.BEA", "M-1.NYC", "M-1.TKY"]
    assert set(claimed["verdict"]) <= {"reproduced", "not reproduced", "inconclusive"}
    assert (claimed["reason"].str.len() > 10).all()
    assert (claimed["test"].str.len() > 20).all()


@pytest.mark.parametrize("claim", ["M-5", "M-6", "M-7", "M-9", "M-11", "M-12", "M-14"])
def test_what_is_as_claimed_is_reproduced(claimed, claim):
    assert claimed.loc[claim, "verdict"] == "reproduced", claimed.loc[claim].to_dict()


@pytest.mark.parametrize("claim", ["M-5", "M-6", "M-7", "M-9", "M-14"])
def test_a_verdict_on_a_stand_in_says_so(claimed, claim):
    assert "NYC stands in for AMap: our numbers are not about AMap." in claimed.loc[claim, "reason"]
    assert "AMap" not in claimed.loc["M-12", "reason"]


def test_what_cannot_be_tested_says_why(claimed):
    row = claimed.loc["M-3"]
    assert row["verdict"] == "inconclusive"
    assert row["reason"] == "Needs simcit on AMap (table3): AMap is proprietary."
    assert claimed.loc["M-4", "reason"] == "Inconclusive: absolute, relative."
    assert "no dataset of this config stands for" in claimed.loc["M-4.absolute", "reason"]


def test_pairs_that_were_not_run_leave_a_claim_open(claimed):
    row = claimed.loc["M-1.NYC"]
    assert row["verdict"] == "inconclusive"
    assert row["reason"].startswith("4 of 10 comparisons hold, 10 must; not run: simcit > ids/stan in Recall@5")
    assert len(row["p_values"].split(";")) == 4
    assert claimed.loc["M-1", "reason"] == "Inconclusive: INS, BEA, NYC, TKY."
    # SASRec was run, so that the generative methods' advantage over it is known.
    assert claimed.loc["M-2.NYC", "reason"].startswith("6 of 24 comparisons hold, 24 must")


@pytest.fixture(scope="module")
def reversed_(tmp_path_factory):
    hits = {"simcit": WORST, "simcit-hard-frozen": BASE, "simcit-text": WORST}
    measured = {
        "simcit": {"perplexity": 0.3, "use": 0.4, "collisions": 0.5, "purity": (0.4, 0.3, 0.25, 0.2)},
        "random+codebook_size=48": {"purity": (0.4, 0.5, 0.5, None)},
    }
    return judge(tmp_path_factory.mktemp("reversed"), hits, measured, phases=(False, False))


@pytest.mark.parametrize("claim", ["M-1", "M-1.NYC", "M-5", "M-6", "M-7", "M-8", "M-9", "M-11", "M-12", "M-13", "M-14"])
def test_what_is_reversed_is_not_reproduced(reversed_, claim):
    assert reversed_.loc[claim, "verdict"] == "not reproduced", reversed_.loc[claim].to_dict()


def test_reasons_of_what_is_not_reproduced(reversed_):
    assert reversed_.loc["M-1", "reason"] == "Not reproduced: NYC; inconclusive: INS, BEA, TKY."
    assert reversed_.loc["M-9", "reason"].startswith("0 of 2 runs show it; the loss does not rise while perplexity")
    assert reversed_.loc["M-9", "measured"].startswith("seed 0: perplexity ")
    assert "simcit over simcit+codeword_regularizer=1.0" in reversed_.loc["M-11", "reason"]


def test_runs_that_disagree_decide_nothing(tmp_path):
    found = judge(tmp_path, phases=(True, False), tables=[], figures=["figure4"])
    assert found.loc["M-9", "verdict"] == "inconclusive"
    assert found.loc["M-9", "reason"].startswith("1 of 2 runs show it; the loss does not rise")
    assert found.loc["M-5", "reason"].startswith("Needs simcit on NYC for AMap (table4): table4 is not among")


def test_one_seed_never_decides(tmp_path):
    found = judge(tmp_path, phases=(True,), sweep_seeds=[0], tables=[], figures=["figure4"])
    assert found.loc["M-9", "verdict"] == "inconclusive"
    assert found.loc["M-9", "reason"].startswith("1 seed only")


def test_codes_of_other_shapes_are_not_compared(tmp_path):
    measured = {"simcit": {"size": 64}}
    found = judge(tmp_path, diagnostics=measured, tables=["table2", "table4"], figures=[])
    assert "different shapes cannot be compared: simcit is 3x64, random+codebook" in found.loc["M-14", "reason"]
    assert found.loc["M-12", "verdict"] == "inconclusive"
    assert (
        "different shapes cannot be compared: rqvae+codebook_size=48 is 3x48, simcit is 3x64"
        in (found.loc["M-12", "reason"])
    )


FOUR = {"INS": "ins", "BEA": "bea", "NYC": "nyc", "TKY": "tky"}


def test_gains_on_several_datasets(tmp_path):
    """Places: 80 hits over 100. E-commerce: 15 over 10, so less in difference and more in percent."""
    hits = {
        **{f"{city}/{name}": [base, base, base, base] for city in ("nyc", "tky") for name, base in (("letter", 300),)},
        **{f"{city}/simcit": [420, 420, 420, 420] for city in ("nyc", "tky")},
        **{f"{shop}/letter": [20, 20, 20, 20] for shop in ("ins", "bea")},
        **{f"{shop}/simcit-text+collaborative": [80, 80, 80, 80] for shop in ("ins", "bea")},
    }
    found = judge(tmp_path, hits, datasets=FOUR, tables=["table2"], figures=[])
    assert found.loc["M-4.absolute", "verdict"] == "reproduced", found.loc["M-4.absolute"].to_dict()
    assert found.loc["M-4.relative", "verdict"] == "not reproduced", found.loc["M-4.relative"].to_dict()
    assert found.loc["M-4", "verdict"] == "not reproduced"
    assert found.loc["M-4", "reason"] == "Not reproduced: relative; reproduced: absolute."
    # The row is SimCIT's on every dataset, whatever entry is run for it.
    assert "simcit > letter in Recall@5" in found.loc["M-1.INS", "measured"]


def test_an_entry_that_is_not_there_is_named(tmp_path):
    without = {name: entry for name, entry in TOKENIZERS.items() if not name.startswith("letter")}
    found = judge(tmp_path, tokenizers=without, tables=["table2"], figures=[])
    assert "not run: simcit > letter in Recall@5" in found.loc["M-1.NYC", "reason"]
    # Of the tokenizers whose codes are compared, LETTER's is lacking.
    assert "not run: letter-3x48 > simcit in collision rate" in found.loc["M-12", "reason"]
