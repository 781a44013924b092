"""Metrics of scored candidates: by hand, against scikit-learn, and against their expectation under chance."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import label_ranking_average_precision_score, ndcg_score, roc_auc_score

from semtok.errors import DataError
from semtok.papers.candidates import evaluate_lists, expected_of_random, list_metrics, of_list, pooled_auc, read_scored
from semtok.papers.metrics import read_metrics
from semtok.plan.metrics import OF_CANDIDATES


def scored(*lists):
    """Lists of (score, clicked), one a user."""
    rows = [(user, i, bool(clicked), score) for user, one in enumerate(lists) for i, (score, clicked) in enumerate(one)]
    return pd.DataFrame(rows, columns=["user", "item", "clicked", "score"])


def values(*one):
    score, clicked = zip(*one, strict=True)
    return dict(zip(OF_CANDIDATES, of_list(np.array(score, float), np.array(clicked, bool)), strict=True))


def test_by_hand():
    found = values((0.9, 0), (0.8, 1), (0.7, 0), (0.6, 1))
    assert found["gauc", 0] == 1 / 4
    assert found["mrr", 0] == 1 / 2
    assert found["lrap", 0] == pytest.approx((1 / 2 + 2 / 4) / 2)
    assert found["list_ndcg", 1] == 0
    discount = 1 / np.log2([2, 3, 4, 5])
    assert found["list_ndcg", 5] == pytest.approx((discount[1] + discount[3]) / (discount[0] + discount[1]))


def test_equal_scores_count_half_in_auc_and_against_the_clicked_one_elsewhere():
    found = values((0.5, 1), (0.5, 0), (0.5, 0))
    assert found["gauc", 0] == 1 / 2
    assert found["mrr", 0] == found["lrap", 0] == 1 / 3


candidates = st.lists(st.tuples(st.integers(0, 6), st.booleans(), st.integers(1, 3)), min_size=2, max_size=40).filter(
    lambda rows: len({clicked for _, clicked, _ in rows}) == 2
)


@settings(max_examples=50, deadline=None)
@given(candidates)
def test_auc_is_that_of_scikit_learn_with_ties_and_weights(rows):
    score, clicked, weight = (np.array(column) for column in zip(*rows, strict=True))
    assert pooled_auc(score.astype(float), clicked) == pytest.approx(roc_auc_score(clicked, score))
    weighted = pooled_auc(score.astype(float), clicked, weight.astype(float))
    assert weighted == pytest.approx(roc_auc_score(clicked, score, sample_weight=weight))


@settings(max_examples=30, deadline=None)
@given(candidates)
def test_lists_agree_with_scikit_learn(rows):
    score, clicked, _ = (np.array(column) for column in zip(*rows, strict=True))
    found = dict(zip(OF_CANDIDATES, of_list(score.astype(float), clicked), strict=True))
    assert found["gauc", 0] == pytest.approx(roc_auc_score(clicked, score))
    assert found["lrap", 0] == pytest.approx(label_ranking_average_precision_score(clicked[None], score[None]))
    assert found["list_ndcg", 5] == pytest.approx(ndcg_score(clicked[None], score[None], k=5))
    # With one clicked candidate the two readings of MRR are one.
    if clicked.sum() == 1:
        assert found["mrr", 0] == pytest.approx(found["lrap", 0])


def test_a_random_scorer_earns_its_expectation():
    generator = np.random.default_rng(0)
    shapes = [(2, 1), (5, 1), (9, 3), (12, 7), (30, 2)]
    clicks = [[True] * clicked + [False] * (size - clicked) for size, clicked in shapes] * 400
    frame = scored(*([(float(generator.random()), clicked) for clicked in one] for one in clicks))
    expected, found = expected_of_random(frame), list_metrics(frame)
    for column in OF_CANDIDATES:
        earned = found.earned[column]
        error = earned.std() / np.sqrt(len(earned))
        assert abs(earned.mean() - expected[column]) < 4 * error, column
    assert expected["list_ndcg", 1] == pytest.approx(np.mean([clicked / size for size, clicked in shapes]))


def test_lists_that_tell_nothing_are_left_out(tmp_path):
    frame = scored([(0.9, 1), (0.1, 0)], [(0.9, 1), (0.1, 1)], [(0.5, 0)], [(0.1, 1), (0.9, 0)])
    frame.to_parquet(tmp_path / "scored.parquet")
    evaluate_lists(tmp_path / "scored.parquet", tmp_path / "metrics.parquet")
    scores = read_metrics(tmp_path / "metrics.parquet")
    assert scores.users.tolist() == [0, 3]
    assert scores.column("gauc", 0).tolist() == [1, 0]
    assert scores.targets.tolist() == [1, 1]
    reordered = list_metrics(frame.iloc[::-1])
    assert reordered.checksum == scores.checksum
    assert list_metrics(scored([(0.9, 0), (0.1, 1)])).checksum != scores.checksum


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.drop(columns="score"), "expected also score"),
        (lambda f: f.assign(score=np.nan), "row 0: found score nan; expected a number"),
        (lambda f: f.assign(clicked=True), "found 2 of 2 candidates clicked; expected some that are"),
        (lambda f: f.iloc[:0], "found no candidates; expected some that are"),
    ],
)
def test_what_cannot_be_scored_is_refused(tmp_path, change, message):
    change(scored([(0.9, 1), (0.1, 0)])).to_parquet(tmp_path / "scored.parquet")
    with pytest.raises(DataError, match=message):
        read_scored(tmp_path / "scored.parquet")
