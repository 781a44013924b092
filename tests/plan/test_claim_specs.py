import re

import pytest
import yaml
from pydantic import TypeAdapter, ValidationError

from semtok.plan.claim_specs import AnyClaim
from semtok.plan.definition import load
from support import fabricated_results, fabricated_simcit
from support.fabricated_results import REPOSITORY

LEVEL = "p < 0.05"
ORDER = {
    "test": "order",
    "pairs": [{"higher": "a", "lower": "b"}, {"higher": "b", "lower": "c"}],
    "metrics": ["ndcg", "recall"],
    "ks": [5, 10],
}
DIAGNOSTICS = {"test": "diagnostics", "pairs": ORDER["pairs"], "quantities": ["codebook use"]}


def claim(**values):
    common = {"id": "X-1", "statement": "s", "printed": "p", "exhibit": "table2", "dataset": "D"}
    return TypeAdapter(AnyClaim).validate_python({**common, **values})


def test_pairs_compare_every_metric_at_every_k():
    found = claim(**ORDER)
    assert found.tokenizers == ["a", "b", "c"]
    assert found.columns == [("ndcg", 5), ("ndcg", 10), ("recall", 5), ("recall", 10)]
    assert (found.datasets, found.parts, found.needs) == (["D"], [found], "metrics")


def test_gains_compare_their_columns():
    gains = [{"metric": "ndcg", "ks": [5, 10], "percent": 3.0}, {"metric": "recall", "ks": [5], "percent": 4.0}]
    found = claim(test="gain", better="a", worse="b", gains=gains)
    assert found.tokenizers == ["a", "b"]
    assert found.columns == [("ndcg", 5), ("ndcg", 10), ("recall", 5)]


def test_a_gain_of_over_a_size_has_no_upper_bound_in_words():
    gains = [{"metric": "recall", "ks": [5], "percent": 20}]
    bounded, above = (
        claim(test="gain", better="a", worse="b", gains=[{**gains[0], **said}]) for said in ({}, {"or_more": True})
    )
    assert "interval within 25% of the claimed value" in bounded.words(LEVEL)
    assert "interval above 75% of the claimed value" in above.words(LEVEL)


@pytest.mark.parametrize("values", [ORDER, DIAGNOSTICS])
@pytest.mark.parametrize("margin", [None, 0.05])
def test_one_pair_suffices(values, margin):
    found = claim(**values, margin=margin)
    assert found.can_be_tested({("D", "a"), ("D", "b")})
    assert not found.can_be_tested({("D", "a"), ("D", "c")})
    assert not found.can_be_tested({("D", "a"), ("E", "b")})


def test_a_contrast_needs_a_dataset_on_either_side():
    values = {"larger": ["D", "E"], "smaller": ["F"], "scale": "absolute", "metric": "recall", "ks": [5]}
    contrast = {"id": "X", "statement": "s", "printed": "p", "exhibit": "t", "test": "gain contrast", **values}
    found = TypeAdapter(AnyClaim).validate_python({**contrast, "better": "a", "worse": "b"})
    on_f = {("F", "a"), ("F", "b")}
    assert found.can_be_tested({("E", "a"), ("E", "b"), *on_f})
    assert not found.can_be_tested({("D", "a"), ("E", "b"), *on_f})
    assert not found.can_be_tested({("D", "a"), ("D", "b")})


@pytest.mark.parametrize("changed", [{"at_least": 9}, {"at_least": 2, "margin": 0.05}, {"margin": 1.0}, {"pairs": []}])
def test_what_no_claim_may_say(changed):
    with pytest.raises(ValidationError):
        claim(**{**ORDER, **changed})


@pytest.mark.parametrize("path", [fabricated_results.DEFINITION, fabricated_simcit.DEFINITION])
def test_every_claim_tells_its_test(path):
    paper = load(path)
    for found in paper.single_claims:
        words = found.words(LEVEL)
        assert LEVEL in words or found.needs == "history", found.id
        assert bool(found.columns) == (found.needs == "metrics"), found.id
    assert all(found.words(LEVEL) for found in paper.claims)


def test_numbers_of_a_test_in_words():
    assert claim(**ORDER).words(LEVEL).startswith("8 differences")
    assert "at least 3 above zero (Holm-adjusted p < 0.05)" in claim(**ORDER, at_least=3).words(LEVEL)
    one = ORDER | {"pairs": ORDER["pairs"][:1], "metrics": ["recall"], "ks": [5]}
    assert re.match(r"1 difference, .*: it is above zero", claim(**one).words(LEVEL))
    assert "-5%" in claim(**ORDER, margin=0.05).words(LEVEL)
    assert claim(**DIAGNOSTICS).words(LEVEL).startswith("2 Welch")


@pytest.mark.parametrize("paper", ["cost", "simcit", "store", "worlds"])
def test_a_few_draws_of_the_other_sign_hide_no_effect(paper):
    """By Holm's rule the least p-value is multiplied by the number of comparisons."""
    evaluation = yaml.safe_load((REPOSITORY / "config/config.yaml").read_text())["evaluation"]
    least = 2 / (evaluation["bootstrap_samples"] + 1)
    for single in load(REPOSITORY / f"config/papers/{paper}.yaml").single_claims:
        comparisons = len(getattr(single, "pairs", ())) * len(single.columns)
        assert 2 * least * comparisons < 1 - evaluation["confidence"], single.id
