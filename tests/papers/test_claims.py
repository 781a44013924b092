import pandas as pd
import pytest

from semtok.errors import ConfigError
from semtok.papers.claims import make_claims
from semtok.papers.results import Results
from semtok.papers.samples import Uncertainty
from semtok.plan import cells as plan
from semtok.plan.definition import load
from support.fabricated_results import (
    DEFINITION,
    PRINTED,
    TOKENIZERS,
    paper_config,
    staircase,
    write_diagnostics,
    write_scores,
    write_stats,
)

# Hits within 5, 10, 20 and 40: gains of cost over rqvae of 43%, 37%, 34% and 29%, as printed.
AS_PRINTED = {
    "random": [40, 80, 120, 160],
    "rqvae": [200, 300, 420, 540],
    "cost": [286, 411, 563, 697],
    "cost+reconstruction": [240, 350, 490, 620],
}
EQUAL = {name: [200, 300, 420, 540] for name in AS_PRINTED}
REVERSED = {**AS_PRINTED, "rqvae": AS_PRINTED["cost"], "cost": AS_PRINTED["rqvae"], "random": [290, 420, 570, 700]}


def judge(folder, hits, seeds=(0, 1, 2), source="official", users=29_207, collisions=None, without_codes="", **changed):
    """The verdicts on fabricated runs, by id. Every run on every dataset has its tokenizer's hits, seeds differ."""
    config = paper_config(**{"tables": ["table2"], "figures": [], **changed})
    cells = plan.claim_cells(load(DEFINITION), config, list(seeds), TOKENIZERS)
    runs = plan.runs(cells)
    scores, diagnostics = {}, {}
    for run in runs:
        shift = (run.seed * 7 + len(run.tokenizer)) % 3 - 1
        scores[run] = write_scores(folder, run, staircase([count + shift for count in hits[run.tokenizer]]))
        near, rate = (collisions or {}).get(run.tokenizer, (0.05, 0.12))
        path = folder / f"{run.tokenizer}-{run.seed}.json"
        if run.tokenizer != without_codes:
            diagnostics[run] = write_diagnostics(path, rate + 0.001 * run.seed, near + 0.001 * run.seed)
    stats = {name: write_stats(folder / f"{name}.json", source, users) for name in config.datasets}
    csv = folder / "claims.csv"
    make_claims(
        Results.of(
            *(DEFINITION, PRINTED, "cost", "claims", cells, {"scores": scores, "diagnostics": diagnostics}),
            *(stats, Uncertainty(1000, 0.95, 0)),
        ),
        *(csv, folder / "claims.md", folder / "claims.html"),
    )
    return pd.read_csv(csv, keep_default_na=False).set_index("id")


@pytest.fixture(scope="module")
def as_printed(tmp_path_factory):
    collisions = {"rqvae": (0.2, 0.3), "cost": (0.05, 0.1)}
    return judge(tmp_path_factory.mktemp("printed"), AS_PRINTED, collisions=collisions)


TABLE2 = ["C-1", "C-2", "C-3", "C-4", "C-5", "C-6", "C-14", "C-15"]


def test_one_row_a_claim(as_printed):
    assert list(as_printed.index) == [f"C-{number}" for number in range(1, 16)]
    assert list(as_printed.columns) == [
        *("paper", "claim", "test", "printed", "measured", "p_values", "verdict", "reason", "source"),
    ]
    assert set(as_printed["verdict"]) <= {"reproduced", "not reproduced", "inconclusive"}
    assert (as_printed["reason"].str.len() > 20).all()
    assert (as_printed["test"].str.len() > 20).all()


@pytest.mark.parametrize("claim", [name for name in TABLE2 if name != "C-5"])
def test_what_is_as_printed_is_reproduced(as_printed, claim):
    assert as_printed.loc[claim, "verdict"] == "reproduced", as_printed.loc[claim].to_dict()


def test_numbers_of_a_gain(as_printed):
    row = as_printed.loc["C-1"]
    assert row["printed"] == "43.34%"
    assert row["measured"].startswith("the gain of cost over rqvae in Recall@5: +4")
    assert float(row["p_values"]) == pytest.approx(2 / 1001, rel=0.01)
    assert as_printed.loc["C-4", "measured"].count(";") == 23
    assert len(as_printed.loc["C-4", "p_values"].split(";")) == 24


@pytest.mark.parametrize("claim", ["C-1", "C-2", "C-3", "C-4", "C-6", "C-15"])
def test_what_is_reversed_is_not_reproduced(tmp_path_factory, claim, reversed_verdicts):
    assert reversed_verdicts.loc[claim, "verdict"] == "not reproduced", reversed_verdicts.loc[claim].to_dict()


@pytest.fixture(scope="module")
def reversed_verdicts(tmp_path_factory):
    collisions = {"rqvae": (0.05, 0.1), "cost": (0.2, 0.3)}
    return judge(tmp_path_factory.mktemp("reversed"), REVERSED, collisions=collisions)


def test_collisions_the_other_way_round(reversed_verdicts):
    row = reversed_verdicts.loc["C-14"]
    assert row["verdict"] == "not reproduced"
    assert "rqvae > cost in collision rate" in row["reason"]


@pytest.mark.parametrize("claim", ["C-1", "C-2", "C-3", "C-4", "C-5", "C-6", "C-14", "C-15"])
def test_what_is_equal_is_inconclusive(equal, claim):
    assert equal.loc[claim, "verdict"] == "inconclusive", equal.loc[claim].to_dict()


@pytest.fixture(scope="module")
def equal(tmp_path_factory):
    return judge(tmp_path_factory.mktemp("equal"), EQUAL)


def test_a_gain_of_another_size_is_not_reproduced(tmp_path):
    row = judge(tmp_path, {**AS_PRINTED, "cost": [500, 650, 800, 900]}).loc["C-1"]
    assert row["verdict"] == "not reproduced"
    assert "larger than the printed 43.34%" in row["reason"]


@pytest.mark.parametrize(
    ("cost", "verdict"),
    [
        ([400, 450, 504, 550], "reproduced"),
        ([210, 360, 588, 900], "not reproduced"),
    ],
)
def test_shrinking_gain(tmp_path, cost, verdict):
    assert judge(tmp_path, {**AS_PRINTED, "cost": cost}).loc["C-5", "verdict"] == verdict


@pytest.mark.parametrize(
    ("cost", "both", "seventh", "eighth"),
    [
        ([200, 300, 420, 540], [260, 380, 500, 620], "reproduced", "not reproduced"),
        ([260, 380, 500, 620], [200, 300, 420, 540], "not reproduced", "reproduced"),
    ],
)
def test_office(tmp_path, cost, both, seventh, eighth):
    found = judge(tmp_path, {**AS_PRINTED, "cost": cost, "cost+reconstruction": both}, tables=["table3"])
    assert found.loc["C-7", "verdict"] == seventh
    assert found.loc["C-8", "verdict"] == eighth
    assert found.loc["C-1", "reason"].startswith("Needs cost on MIND (table2): table2 is not among")


BASE = [200, 300, 420, 540]
BETTER = [260, 380, 500, 620]
BEST = [320, 460, 580, 700]
SWEEPS = {
    "cost": BETTER,
    "cost+epochs=20": BASE,
    "cost+temperature=0.5+epochs=20": BASE,
    "cost+temperature=1.0+epochs=20": BETTER,
    "cost+temperature=0.5": BASE,
    "cost+temperature=1.0": BASE,
    "cost+epochs=50": [230, 340, 460, 580],
    "cost+codebook_size=32": BASE,
    "cost+codebook_size=128": BEST,
    "cost+n_levels=4": BEST,
    "cost+latent_dim=32": BASE,
    "cost+latent_dim=256": BASE,
}
FIGURES = {"tables": [], "figures": ["figure3", "figure4"]}
SWEPT = ["C-9", "C-10", "C-11", "C-12", "C-13"]


def test_sweeps_with_seeds(tmp_path):
    found = judge(tmp_path, SWEEPS, sweep_seeds=[0, 1, 2], **FIGURES)
    assert found.loc[SWEPT, "verdict"].to_dict() == dict.fromkeys(SWEPT, "reproduced")


def test_sweeps_the_other_way_round(tmp_path):
    other = {**dict.fromkeys(SWEEPS, BEST), "cost": BETTER, "cost+n_levels=4": BASE, "cost+codebook_size=128": BASE}
    found = judge(tmp_path, other, sweep_seeds=[0, 1, 2], **FIGURES)
    assert found.loc[SWEPT, "verdict"].to_dict() == dict.fromkeys(SWEPT, "not reproduced")


def test_one_seed_never_decides(tmp_path):
    found = judge(tmp_path, SWEEPS, sweep_seeds=[0], **FIGURES)
    assert set(found.loc[SWEPT, "verdict"]) == {"inconclusive"}
    assert found.loc[SWEPT, "reason"].str.startswith("1 seed only: the noise of training cannot be told").all()
    # The numbers are still there.
    assert found.loc[SWEPT, "measured"].str.contains("cost").all()
    table = judge(tmp_path, AS_PRINTED, seeds=[0])
    assert set(table["verdict"]) == {"inconclusive"}


def test_missing_runs_are_named(tmp_path):
    found = judge(tmp_path, AS_PRINTED, datasets={"Office(S)": "office-small"}, tables=["table2", "table3"])
    row = found.loc["C-8"]
    assert row["verdict"] == "inconclusive"
    assert row["reason"] == "Needs cost on Office(L) (table3): no dataset of this config stands for Office(L)."
    assert row["source"] == "not run"
    assert found.loc["C-7", "source"] == "official"


def test_synthetic_data_cannot_hide(tmp_path):
    found = judge(tmp_path, AS_PRINTED, source="synthetic", users=700)
    row = found.loc["C-1"]
    assert row["source"] == "synthetic"
    assert row["reason"].endswith("On synthetic data of 700 users, which say nothing about MIND.")
    assert "> **Synthetic data: these verdicts are about a made-up world" in (tmp_path / "claims.md").read_text()
    assert 'class="warning">Synthetic data' in (tmp_path / "claims.html").read_text()


def test_a_mirror_sample_is_called_one(tmp_path):
    row = judge(tmp_path, AS_PRINTED, source="mirror", users=900).loc["C-1"]
    assert row["source"] == "mirror"
    assert "mirror sample, 900 users vs the paper's 29,207" in row["reason"]


def test_diagnostics_may_lack_what_a_claim_needs(tmp_path, monkeypatch):
    def without(path, *_):
        path.write_text('{"tuples": {"collision_rate": 0.1}}')
        return path

    monkeypatch.setitem(judge.__globals__, "write_diagnostics", without)
    row = judge(tmp_path, AS_PRINTED).loc["C-14"]
    assert row["verdict"] == "inconclusive"
    assert "diagnostics of rqvae do not hold P(collision | nearest)" in row["reason"]


def test_a_claim_beside_its_table_is_refused(tmp_path):
    broken = DEFINITION.read_text().replace(
        "    better: cost\n    worse: rqvae\n", "    better: cost\n    worse: rq\n", 1
    )
    path = tmp_path / "paper.yaml"
    path.write_text(broken)
    cells = plan.claim_cells(load(path), paper_config(), [0], TOKENIZERS)
    with pytest.raises(ConfigError, match="claim C-1: table2 has no rq on MIND"):
        make_claims(
            Results.of(path, PRINTED, "cost", "claims", cells, {}, {}, Uncertainty(100, 0.95, 0)),
            *(tmp_path / "claims.csv", tmp_path / "claims.md", tmp_path / "claims.html"),
        )


def test_the_same_input_gives_the_same_bytes(tmp_path):
    contents = []
    for _ in range(2):
        judge(tmp_path, AS_PRINTED)
        contents.append([(tmp_path / f"claims.{suffix}").read_bytes() for suffix in ("csv", "md", "html")])
    assert contents[0] == contents[1]


def test_a_claim_about_codes_needs_codes(tmp_path):
    row = judge(tmp_path, AS_PRINTED, without_codes="cost").loc["C-14"]
    assert row["verdict"] == "inconclusive"
    assert "Cost has no codes, and so no collision rate" in row["reason"]
