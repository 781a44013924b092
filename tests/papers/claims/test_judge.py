from typing import get_args

import pytest
import yaml

from semtok.errors import ConfigError
from semtok.papers.claims.judge import JUDGES
from semtok.plan.cells import Terms
from semtok.plan.claim_specs import SingleClaim
from support.fabricated_cost import AS_PRINTED, judge
from support.fabricated_results import DEFINITION
from support.fabricated_simcit import BASE, TOKENIZERS, WORST
from support.fabricated_simcit import judge as judge_simcit

TURNED = dict(zip(AS_PRINTED, reversed(AS_PRINTED.values()), strict=True))
"""The rows of the table turned over."""


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


def test_a_claim_is_judged_on_what_is_built(as_claimed, reversed_simcit):
    row = as_claimed.loc["M-1.NYC"]
    assert row["verdict"] == "reproduced in part"
    assert "6 of 6 comparisons hold, 6 must; not built: ids/stan, ids/geosan, ids/stgn" in row["reason"]
    assert len(row["p_values"].split(";")) == 6
    # SASRec was run, so that the generative methods' advantage over it is known.
    assert as_claimed.loc["M-2.NYC", "reason"].startswith("6 of 6 ")
    failed = reversed_simcit.loc["M-1.NYC"]
    assert failed["verdict"] == "not reproduced"
    assert "not built: ids/stan, ids/geosan, ids/stgn" in failed["reason"]


EVERY_BASELINE = ("tiger", "sasrec", "stan", "geosan", "stgn")


@pytest.mark.parametrize(
    ("baselines", "generative", "verdict", "reason"),
    [(WORST, BASE, "reproduced", "24 of 24 "), (BASE, WORST, "not reproduced", "Significant in the opposite")],
)
def test_generative_against_sequential_with_every_baseline(tmp_path, baselines, generative, verdict, reason):
    hits = dict.fromkeys(("rqvae-tiger", "letter", "simcit"), generative) | {"ids": baselines}
    given = {"recommenders": EVERY_BASELINE, "resamples": 2000, "tables": ["table2"], "figures": []}
    row = judge_simcit(tmp_path, hits, **given).loc["M-2.NYC"]
    assert row["verdict"] == verdict, row.to_dict()
    assert row["reason"].startswith(reason)
    assert "not built" not in row["reason"]


def test_tokenizers_that_the_config_lacks_are_not_built(tmp_path):
    without = {name: entry for name, entry in TOKENIZERS.items() if not name.startswith("letter")}
    found = judge_simcit(tmp_path, tokenizers=without, tables=["table2"], figures=[])
    assert "not built: letter, ids/stan" in found.loc["M-1.NYC", "reason"]
    assert "not built: letter-3x48" in found.loc["M-12.NYC", "reason"]


def test_datasets_of_a_contrast_that_are_not_built_leave_the_others(tmp_path):
    hits = {"nyc/simcit": [420] * 4, "nyc/letter": [300] * 4, "bea/simcit-text+collaborative": [60] * 4}
    datasets = {"INS": None, "BEA": "bea", "NYC": "nyc", "TKY": None}
    hits["bea/letter"] = [40] * 4
    row = judge_simcit(tmp_path, hits, datasets=datasets, tables=["table2"], figures=[]).loc["M-4"]
    assert row["verdict"] == "reproduced in part", row.to_dict()
    assert "on NYC > on BEA" in row["measured"]
    assert "not built: simcit on TKY, letter on TKY, simcit on INS" in row["reason"]


UNEQUAL = {
    "a history": {"terms": {"rqvae": Terms(history=8), "cost": Terms(history=100)}},
    "an encoder": {"terms": {"rqvae": Terms(vectors={"text": "minilm"}), "cost": Terms(vectors={"text": "tfidf"})}},
    "steps": {
        "terms": {"rqvae": Terms(equal_steps=True), "cost": Terms(equal_steps=True)},
        "steps": {"rqvae": 31_200, "cost": 4_800},
    },
    "a beam": {"overlaps": {"rqvae": 0.97, "cost": 0.94}},
    "a beam that nobody compared": {"overlaps": {"rqvae": 0.97, "cost": None}},
    "a beam that has seen the target": {"leaks": "cost"},
    "a language model": {"terms": {"cost": Terms(catalogue_model="opt")}},
}
REASONS = {
    "a history": "cost sees 70 items of a history, rqvae 8",
    "an encoder": "cost reads text by tfidf, rqvae by minilm",
    "steps": "the tokenizer of cost took 4,800 steps, of rqvae 31,200",
    "a beam": "the beam of cost finds 94.0% of the true best, less than 95%",
    "a beam that nobody compared": "the beam of cost was not compared with exact scores",
    "a beam that has seen the target": "cost has the target first in 40% of the lists and exact scores in 30%",
    "a language model": "a language model that has read nothing but the catalogue, and rqvae with none",
}


@pytest.mark.parametrize("what", UNEQUAL)
def test_rows_on_other_terms_are_not_compared(tmp_path, what):
    found = judge(tmp_path, AS_PRINTED, scale=2, **UNEQUAL[what])
    assert set(found.loc[["C-1", "C-5"], "verdict"]) == {"not comparable"}
    assert REASONS[what].lower() in found.loc["C-1", "reason"].lower()
    assert found.loc["C-15", "verdict"] == "reproduced"
    # Codes have terms, too, but no history, no beam and no recommender that writes.
    assert (found.loc["C-14", "verdict"] == "not comparable") == (what in ("an encoder", "steps"))
    if what == "a beam":
        assert found.loc["C-4", "verdict"] == "reproduced in part"


EQUAL = {
    "longer than any sequence": {"terms": {"rqvae": Terms(history=100), "cost": Terms(history=70)}},
    "not asked for": {"steps": {"rqvae": 31_200, "cost": 4_800}},
    "nearly as many steps": {
        "terms": {"rqvae": Terms(equal_steps=True), "cost": Terms(equal_steps=True)},
        "steps": {"rqvae": 4_750, "cost": 4_800},
    },
    "other modalities": {"terms": {"rqvae": Terms(vectors={"text": "a"}), "cost": Terms(vectors={"image": "b"})}},
    "a beam that finds nearly all": {"overlaps": {"rqvae": 0.95, "cost": 1.0}},
}


@pytest.mark.parametrize("what", EQUAL)
def test_rows_on_the_same_terms_are_compared(tmp_path, what):
    assert judge(tmp_path, AS_PRINTED, scale=2, **EQUAL[what]).loc["C-6", "verdict"] == "reproduced"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"source": "mirror", "users": 2963}, "the data are a sample: 2,963 users vs the paper's 29,207"),
        ({"source": "mirror", "items": 1896}, "the data are a sample: 1,896 items vs the paper's 12,251"),
        ({"items": 16_000}, "the data are of another size: 16,000 items vs the paper's 12,251"),
        ({"terms": {"cost": Terms(departures=("text is by another encoder",))}}, "text is by another encoder"),
    ],
)
def test_a_size_is_not_compared_under_other_conditions(tmp_path, changed, reason):
    found = judge(tmp_path, AS_PRINTED, scale=2, **changed)
    assert found.loc["C-1", "verdict"] == "not comparable"
    assert f"the paper's conditions alone: {reason}" in found.loc["C-1", "reason"]
    # A direction is claimed of the methods, not of the data.
    assert found.loc["C-6", "verdict"] == "reproduced"


def test_a_direction_names_what_is_not_as_printed(tmp_path):
    """Once: a size that is not compared for it has it in its reason already."""
    found = judge(tmp_path, AS_PRINTED, scale=2, terms={"cost": Terms(departures=("text is by another encoder",))})
    assert found.loc["C-6", "reason"].endswith("Not as printed: text is by another encoder.")
    assert found.loc["C-1", "reason"].count("text is by another encoder") == 1
    assert "Not as printed" not in found.loc["C-1", "reason"]


def test_a_claim_about_codes_names_no_recommender(tmp_path):
    terms = Terms(
        departures=("text is by another encoder", "tiger has 1 layer"),
        departures_of_codes=("text is by another encoder",),
    )
    found = judge(tmp_path, AS_PRINTED, collisions={"rqvae": (0.2, 0.3), "cost": (0.05, 0.1)}, terms={"cost": terms})
    assert found.loc["C-14", "reason"].endswith("Not as printed: text is by another encoder.")
    assert found.loc["C-6", "reason"].endswith("Not as printed: text is by another encoder; tiger has 1 layer.")


def test_the_opposite_direction_refutes_a_size_everywhere(tmp_path):
    hits = {**AS_PRINTED, "cost": AS_PRINTED["rqvae"], "rqvae": AS_PRINTED["cost"]}
    assert judge(tmp_path, hits, source="mirror", users=2963).loc["C-1", "verdict"] == "not reproduced"


def test_one_seed_never_decides(tmp_path):
    found = judge(tmp_path, AS_PRINTED, [0])
    assert set(found["verdict"]) == {"inconclusive"}
    assert found.loc["C-1", "reason"].startswith("1 seed only")
    # The numbers are still there.
    assert "cost" in found.loc["C-1", "measured"]


@pytest.mark.parametrize("claim", ["M-5", "M-6", "M-7", "M-9", "M-14"])
def test_a_verdict_on_a_stand_in_names_it(as_claimed, claim):
    assert "NYC stands in for AMap" in as_claimed.loc[claim, "reason"]
    assert "AMap" not in as_claimed.loc["M-12.NYC", "reason"]


def test_synthetic_data_get_no_verdict(tmp_path):
    rows = judge(tmp_path, AS_PRINTED, [0, 1, 2], source="synthetic", users=700)
    assert set(rows["verdict"]) == {"synthetic"}
    assert tuple(rows.loc["C-1", ["source", "reason"]]) == ("synthetic", "")
    assert rows.loc["C-1", "measured"]
    # Not built: what would be is made up, too.
    assert rows.loc["C-9", "source"] == "not run"


@pytest.mark.parametrize(("hits", "verdict"), [(AS_PRINTED, "reproduced"), (TURNED, "not reproduced")])
def test_a_world_whose_answer_is_known_gets_a_verdict(tmp_path, hits, verdict):
    """Whatever its `truth`, which judging does not read."""
    content = yaml.safe_load(DEFINITION.read_text())
    content["datasets"] = {"MIND": {"is_world": True}}
    content["claims"] = [
        {**claim, "truth": "reproduced"} for claim in content["claims"] if claim["id"] in ("C-4", "C-6")
    ]
    definition = tmp_path / "worlds.yaml"
    definition.write_text(yaml.safe_dump(content))
    rows = judge(tmp_path, hits, source="synthetic", users=700, scale=4, definition=definition)
    assert set(rows["source"]) == {"planted"}
    assert rows.loc["C-4", "verdict"] == verdict
    assert set(rows["truth"]) == {"reproduced"}


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
