import numpy as np
import pandas as pd
import pytest
import torch

from semtok.config.untrained import UntrainedOptions
from semtok.errors import DataError
from semtok.papers.metrics import expected_of_random
from semtok.recommenders import full_ranking
from semtok.recommenders.untrained import rank_untrained, target_ranks

# Train holds item 1 four times, 0 and 2 twice, 3 once, 4 never.
USERS = [
    ([1, 0, 1, 2], [0, 3]),
    ([1, 2, 0], [2, 2]),
    ([3, 1], [4, 4]),
]
INTERACTIONS = pd.DataFrame(
    [
        {"user": user, "item": item, "split": split}
        for user, (train, held_out) in enumerate(USERS)
        for item, split in zip([*train, *held_out], ["train"] * len(train) + ["valid", "test"], strict=True)
    ]
)
# Items 0 and 1 have one text, 3 has none.
VECTORS = np.array([[2, 0], [2, 0], [0, 1], [np.nan, np.nan], [0.6, 0.8]], dtype=np.float32)
OPTIONS = UntrainedOptions(window=2, encoder=None)


def ask_for_all(user, interactions=INTERACTIONS, options=OPTIONS):
    """The lists behind a user's history up to the test record: every item is a target once."""
    position = len(USERS[user][0]) + 1
    targets = pd.DataFrame({"target": range(5), "user": user, "item": range(5), "split": "test", "position": position})
    return rank_untrained(interactions, targets, options, VECTORS)


def listed(name, user, **given):
    ranks = ask_for_all(user, **given).set_index("item")[name]
    assert sorted(ranks) == [1, 2, 3, 4, 5]
    return ranks.sort_values().index.tolist()


@pytest.mark.parametrize(
    ("name", "user", "expected"),
    [
        ("popularity", 0, [1, 0, 2, 3, 4]),  # 0 and 2 tie: the lower id first
        ("popularity", 2, [1, 0, 2, 3, 4]),
        ("recency", 0, [0, 2, 1, 3, 4]),  # of 1, 0, 1, 2, 0; the rest by popularity
        ("recency", 1, [2, 0, 1, 3, 4]),  # of 1, 2, 0, 2
        ("recency", 2, [4, 1, 3, 0, 2]),  # of 3, 1, 4
        ("frequency", 0, [0, 1, 2, 3, 4]),  # 0 and 1 twice, 0 later
        ("frequency", 1, [2, 0, 1, 3, 4]),
        ("frequency", 2, [4, 1, 3, 0, 2]),
        # Behind 0: 1 with 1/2, 2 with 1/4; behind 2, one place earlier and so half: 0 with 1/2.
        ("co-occurrence", 0, [1, 0, 2, 3, 4]),
        # Behind 2: 0 with 1/2; behind 0: 1 with 1/2, 2 with 1/4, and half of it.
        ("co-occurrence", 1, [0, 1, 2, 3, 4]),
        # Nothing is behind 4 in train; behind 1: 2 with 2/4, 0 with 1.5/4, 1 with 0.5/4, and half of it.
        ("co-occurrence", 2, [2, 0, 1, 3, 4]),
        # The mean of items 0 and 2 at length 1 is (1, 1): nearest is 4, then what is as far by popularity.
        ("content", 1, [4, 1, 0, 2, 3]),
    ],
)
def test_lists_by_hand(name, user, expected):
    assert listed(name, user) == expected


def test_a_wider_window_sees_more():
    # The mean of items 0, 1, 2, 0 is (3, 1) but for its length.
    assert listed("content", 0, options=UntrainedOptions(window=4, encoder=None)) == [1, 0, 4, 2, 3]
    # With three places, 3 is read too, which 1 follows in train always.
    assert listed("co-occurrence", 2, options=UntrainedOptions(window=3, encoder=None))[0] == 1


@pytest.mark.parametrize("user", [0, 1, 2])
def test_nothing_reads_the_target_or_what_follows(user):
    other = INTERACTIONS.copy()
    other.loc[other["split"] == "test", "item"] = 1
    pd.testing.assert_frame_equal(ask_for_all(user, other), ask_for_all(user))


def test_nothing_is_learned_from_held_out_or_context_records():
    context = pd.DataFrame([{"user": 3, "item": item, "split": "context"} for item in (4, 4, 3, 4, 4, 4, 4)])
    more = pd.concat([INTERACTIONS, context], ignore_index=True)
    pd.testing.assert_frame_equal(ask_for_all(0, more), ask_for_all(0))


def test_what_is_known_of_targets():
    found = ask_for_all(0).set_index("item")
    assert found["train_count"].tolist() == [2, 4, 2, 1, 0]
    assert found["last_had"].tolist()[:3] == [1, 3, 2]
    assert found["last_had"].isna().tolist() == [False, False, False, True, True]


def test_the_oracle_reaches_what_train_holds():
    oracle = ask_for_all(0)["oracle"]
    assert oracle.tolist()[:4] == [1, 1, 1, 1]
    assert oracle.isna().tolist() == [False] * 4 + [True]


@pytest.mark.parametrize("metric", ["recall", "ndcg"])
def test_the_random_list_has_its_expectation(metric):
    count = 4000
    targets = pd.DataFrame({"target": range(count), "user": 0, "item": 3, "split": "test", "position": 5})
    rank = rank_untrained(INTERACTIONS, targets, OPTIONS)["random"].to_numpy(float)
    earned = (rank <= 2) * (1 if metric == "recall" else 1 / np.log2(rank + 1))
    expected = 2 / 5 if metric == "recall" else (1 + 1 / np.log2(3)) / 5
    assert expected_of_random(metric, 2, 5) == pytest.approx(expected)
    assert abs(earned.mean() - expected) < 4 * earned.std() / count**0.5
    assert expected_of_random("recall", 20, 5) == 1


def test_ranks_are_those_of_the_full_ranking():
    generator = np.random.default_rng(0)
    scores, items = generator.integers(0, 4, (50, 30)).astype(float), generator.integers(0, 30, 50)
    expected = full_ranking.rank_items(torch.tensor(scores), torch.tensor(items), 5)
    assert target_ranks(scores, items).tolist() == expected.rank.tolist()


def test_without_texts_there_is_no_content():
    targets = pd.DataFrame({"target": [0], "user": [0], "item": [3], "split": ["test"], "position": [5]})
    found = rank_untrained(INTERACTIONS, targets, OPTIONS)
    assert list(found.columns)[5:] == ["popularity", "recency", "frequency", "co-occurrence", "random", "oracle"]
    with pytest.raises(DataError, match="found 4 rows; expected 5, one for each item"):
        rank_untrained(INTERACTIONS, targets, OPTIONS, VECTORS[:4])
    with pytest.raises(DataError, match="no row of the split test"):
        rank_untrained(INTERACTIONS, targets.assign(split="valid"), OPTIONS)
