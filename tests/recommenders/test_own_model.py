"""The search for a model of one's own, against the scores of all items."""

import numpy as np
import pytest

from semtok import beam_search, evaluate
from semtok.errors import DataError

SIZES = (4, 3, 3)


def log_softmax(logits):
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


@pytest.fixture
def codes():
    random = np.random.default_rng(0)
    drawn = np.stack([random.integers(0, size, 20) for size in SIZES], axis=1)
    # The largest code of a level is what its size is known by, and the last two items share a tuple.
    return np.concatenate([drawn, [[3, 2, 2], [3, 2, 2]]])


@pytest.fixture
def model():
    """Logits that depend on the user and on all codes so far."""

    def next_code(so_far):
        n_users, _, level = so_far.shape
        place = (so_far * 7 ** np.arange(level)).sum(axis=-1) + 31 * np.arange(n_users)[:, None]  # (U, W)
        return np.sin(place[..., None] + 3.0 * np.arange(SIZES[level]) + level) * 2

    return next_code


def scores_of_all(codes, model, user, n_users):
    """The log-probability of each item's tuple, code by code."""
    found = []
    for row in codes:
        total = 0.0
        for level, code in enumerate(row):
            so_far = np.broadcast_to(row[:level], (n_users, 1, level))
            total += log_softmax(model(so_far))[user, 0, code]
        found.append(total)
    return np.array(found)


@pytest.mark.parametrize("constraint", ["trie", "position"])
def test_a_wide_beam_is_the_exhaustive_ranking(codes, model, constraint):
    found = beam_search(codes, model, n_users=2, beam_size=36, constraint=constraint)
    for user, table in enumerate(found):
        expected = scores_of_all(codes, model, user, 2)
        assert sorted(table["item"]) == list(range(len(codes)))
        assert table["log_probability"].is_monotonic_decreasing
        assert table["log_probability"].to_numpy() == pytest.approx(expected[table["item"]], abs=1e-5)
    assert found[0]["item"].tolist() != found[1]["item"].tolist()


def test_items_of_one_tuple_share_its_score(codes, model):
    (table,) = beam_search(codes, model)
    places = table.index[table["item"].isin([20, 21])]
    assert table.loc[places, "log_probability"].nunique() == 1
    assert table.loc[places, "item"].is_monotonic_increasing


def test_a_narrow_beam_keeps_as_many_tuples(codes, model):
    (table,) = beam_search(codes[:20], model, beam_size=3)
    assert len({tuple(codes[item]) for item in table["item"]}) == 3


def test_logits_of_another_shape_are_refused(codes):
    with pytest.raises(DataError, match=r"level 1: found logits \[1, 4, 9\]; expected \[1, 4, 3\]"):
        beam_search(codes, lambda so_far: np.zeros((1, so_far.shape[1], [4, 9][so_far.shape[2]])))


def test_metrics_by_hand():
    found = evaluate([["a", "b", "c"], ["d"], ["e", "f"]], ["c", "x", "e"], ks=(1, 3))
    assert found == pytest.approx({"recall@1": 1 / 3, "recall@3": 2 / 3, "ndcg@1": 1 / 3, "ndcg@3": (0.5 + 1) / 3})
    with pytest.raises(DataError, match="found 1 lists for 2 targets"):
        evaluate([["a"]], ["a", "b"])
    with pytest.raises(DataError, match="list 0: found an item twice"):
        evaluate([["a", "a"]], ["a"])
