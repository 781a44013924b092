import pytest

from support import fabricated_simcit as simcit
from support.fabricated_cost import AS_PRINTED, judge


@pytest.mark.parametrize("claim", ["C-1", "C-2", "C-3", "C-4", "C-6", "C-15"])
def test_verdicts_of_the_table(as_printed, reversed_cost, equal, claim):
    assert as_printed.loc[claim, "verdict"] == "reproduced", as_printed.loc[claim].to_dict()
    assert reversed_cost.loc[claim, "verdict"] == "not reproduced", reversed_cost.loc[claim].to_dict()
    # A gain of zero is not the printed one.
    without = "not reproduced" if claim in ("C-1", "C-2", "C-3") else "inconclusive"
    assert equal.loc[claim, "verdict"] == without, equal.loc[claim].to_dict()


def test_numbers_of_a_gain(as_printed):
    row = as_printed.loc["C-1"]
    assert row["measured"].startswith("the gain of cost over rqvae in Recall@5: +4")
    assert float(row["p_values"]) == pytest.approx(2 / 1001, rel=0.01)


def test_every_pair_at_every_metric_and_k(as_printed):
    assert as_printed.loc["C-4", "measured"].count(";") == 23
    assert len(as_printed.loc["C-4", "p_values"].split(";")) == 24


def test_a_gain_of_another_size_is_not_reproduced(tmp_path):
    row = judge(tmp_path, {**AS_PRINTED, "cost": [500, 650, 800, 900]}).loc["C-1"]
    assert row["verdict"] == "not reproduced"
    assert "significant, and its interval leaves out the claimed 43.34%" in row["reason"]


@pytest.mark.parametrize(
    ("cost", "verdict"),
    [
        ([400, 450, 504, 550], "reproduced"),
        ([210, 360, 588, 900], "not reproduced"),
    ],
)
def test_shrinking_gain(tmp_path, cost, verdict):
    assert judge(tmp_path, {**AS_PRINTED, "cost": cost}).loc["C-5", "verdict"] == verdict


def test_a_gain_that_neither_shrinks_nor_grows(equal):
    assert equal.loc["C-5", "verdict"] == "inconclusive"


@pytest.mark.parametrize(
    ("cost", "both", "seventh", "eighth"),
    [
        ([200, 300, 420, 540], [260, 380, 500, 620], "reproduced", "not reproduced"),
        ([260, 380, 500, 620], [200, 300, 420, 540], "not reproduced", "reproduced"),
    ],
)
def test_pairs_with_and_without_a_margin(tmp_path, cost, both, seventh, eighth):
    found = judge(tmp_path, {**AS_PRINTED, "cost": cost, "cost+reconstruction": both}, tables=["table3"])
    assert found.loc["C-7", "verdict"] == seventh
    assert found.loc["C-8", "verdict"] == eighth
    assert "%" in found.loc["C-8", "measured"]


BASE = [200, 300, 420, 540]
BETTER = [260, 380, 500, 620]
BEST = [320, 460, 580, 700]
SWEEPS = {
    "cost": BETTER,
    "cost-20-epochs": BASE,
    "cost-20-epochs+temperature=0.5": BASE,
    "cost-20-epochs+temperature=1.0": BETTER,
    "cost+temperature=0.5": BASE,
    "cost+temperature=1.0": BASE,
    "cost-50-epochs": [230, 340, 460, 580],
    "cost+codebook_size=32": BASE,
    "cost+codebook_size=128": BEST,
    "cost+n_levels=4": BEST,
    "cost+latent_dim=32": BASE,
    "cost+latent_dim=256": BASE,
}
REVERSED = {**dict.fromkeys(SWEEPS, BEST), "cost": BETTER, "cost+n_levels=4": BASE, "cost+codebook_size=128": BASE}
SWEPT = ["C-9", "C-10", "C-11", "C-12", "C-13"]


@pytest.mark.parametrize(
    ("hits", "seeds", "verdict"),
    [
        (SWEEPS, [0, 1, 2], "reproduced"),
        (REVERSED, [0, 1, 2], "not reproduced"),
        (SWEEPS, [0], "inconclusive"),
    ],
)
def test_sweeps(tmp_path, hits, seeds, verdict):
    found = judge(tmp_path, hits, tables=[], figures=["figure3", "figure4"], sweep_seeds=seeds)
    assert found.loc[SWEPT, "verdict"].to_dict() == dict.fromkeys(SWEPT, verdict)
    assert found.loc[SWEPT, "measured"].str.contains("cost").all()


def test_gains_on_several_datasets(tmp_path):
    """Places: 80 hits over 100. E-commerce: 15 over 10, so less in difference and more in percent."""
    hits = {
        **{f"{city}/letter": [300, 300, 300, 300] for city in ("nyc", "tky")},
        **{f"{city}/simcit": [420, 420, 420, 420] for city in ("nyc", "tky")},
        **{f"{shop}/letter": [20, 20, 20, 20] for shop in ("ins", "bea")},
        **{f"{shop}/simcit-text+collaborative": [80, 80, 80, 80] for shop in ("ins", "bea")},
    }
    datasets = {"INS": "ins", "BEA": "bea", "NYC": "nyc", "TKY": "tky"}
    found = simcit.judge(tmp_path, hits, datasets=datasets, tables=["table2"], figures=[])
    assert found.loc["M-4", "verdict"] == "reproduced", found.loc["M-4"].to_dict()
    # The row is SimCIT's on every dataset, whatever entry is run for it.
    assert "simcit > letter in Recall@5" in found.loc["M-1.INS", "measured"]
