import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from semtok.config.encoders import ALSEncoder
from semtok.encoders.als import encode, standardized, user_item_counts
from semtok.encoders.train_interactions import read_train
from semtok.errors import DataError, SemtokError

OPTIONS = {
    "method": "als",
    "factors": 3,
    "alpha": 40.0,
    "regularization": 0.05,
    "iterations": 20,
    "standardize": False,
    "seed": 0,
}


def options(**changed):
    return ALSEncoder(**{**OPTIONS, **changed})


def world(n_users=12, n_items=9, n_rows=60, seed=0):
    """Interactions with repeats; the last item is in no row."""
    rng = np.random.default_rng(seed)
    user, item = np.sort(rng.integers(n_users, size=n_rows)), rng.integers(n_items - 1, size=n_rows)
    return pd.DataFrame({"user": user, "item": item, "timestamp": np.arange(n_rows)})


def dense_als(counts, options):
    """The normal equations of every row over all cells: no library, no sparsity."""
    n_users, n_items = counts.shape
    random = np.random.default_rng(options.seed)
    user = random.random((n_users, options.factors), dtype=np.float32).astype(float) * 0.01
    item = random.random((n_items, options.factors), dtype=np.float32).astype(float) * 0.01
    confidence, preference = 1 + options.alpha * counts, (counts > 0).astype(float)
    ridge = options.regularization * np.eye(options.factors)
    for _ in range(options.iterations):
        for u in range(n_users):
            weighted = item.T * confidence[u]
            user[u] = np.linalg.solve(weighted @ item + ridge, weighted @ preference[u])
        for i in range(n_items):
            weighted = user.T * confidence[:, i]
            item[i] = np.linalg.solve(weighted @ user + ridge, weighted @ preference[:, i])
    error = (confidence * np.square(preference - user @ item.T)).sum()
    penalty = options.regularization * (np.square(user).sum() + np.square(item).sum())
    return item, (error + penalty) / confidence.sum()


def test_equals_the_dense_normal_equations():
    train = world()
    counts = user_item_counts(train, n_items=9).toarray()
    assert counts.max() > 1, "the case must hold repeats"
    expected, loss = dense_als(counts, options())
    vectors, facts = encode(options(), train, n_items=9)
    np.testing.assert_allclose(vectors[:8], expected[:8], rtol=2e-3, atol=2e-4)
    np.testing.assert_allclose(facts["loss"], loss, rtol=1e-4)


def test_counts_are_of_user_and_item_and_repeats_count():
    train = pd.DataFrame({"user": [4, 4, 4, 7], "item": [1, 1, 0, 2]})
    np.testing.assert_array_equal(user_item_counts(train, n_items=4).toarray(), [[1, 2, 0, 0], [0, 0, 1, 0]])
    twice = pd.concat([train, train.iloc[[2]]]).sort_values("user")
    once, _ = encode(options(), train, 4)
    more, _ = encode(options(), twice, 4)
    assert not np.allclose(once[:3], more[:3])


def test_items_that_train_lacks_are_missing():
    vectors, facts = encode(options(), world(), n_items=11)
    assert vectors.dtype == np.float32
    np.testing.assert_array_equal(np.isnan(vectors).any(axis=1), [False] * 8 + [True] * 3)
    assert facts["items_without_interactions"] == 3
    assert (facts["items"], facts["dimensions"], facts["train_interactions"]) == (11, 3, 60)


def test_equations_without_a_solution_are_an_error():
    with pytest.raises(SemtokError, match=r"ALS: .*regularization.*lower alpha \(1e\+38\)"):
        encode(options(alpha=1e38), world(), n_items=9)


@pytest.mark.parametrize("factors", [3, 32])
def test_the_seed_decides_and_the_threads_do_not(factors):
    train = world(n_users=80, n_items=60, n_rows=900)
    same = []
    for threads in (1, 2, 2):
        with threadpool_limits(threads, "openmp"):
            same.append(encode(options(factors=factors), train, 60)[0])
    np.testing.assert_array_equal(same[0], same[1])
    np.testing.assert_array_equal(same[1], same[2])
    other, _ = encode(options(factors=factors, seed=1), train, 60)
    assert not np.allclose(same[0][:59], other[:59])


def test_only_train_records_count(tmp_path):
    rng = np.random.default_rng(3)
    rows = world().assign(split="train")
    held_out = pd.DataFrame(
        {"user": rng.integers(20, size=30), "item": rng.integers(9, size=30), "timestamp": 10**6, "split": "test"}
    )
    held_out.loc[:9, "split"], held_out.loc[10:14, "split"] = "valid", "context"
    alone, mixed = tmp_path / "alone.parquet", tmp_path / "mixed.parquet"
    rows.to_parquet(alone)
    pd.concat([rows, held_out]).sort_values(["user", "timestamp"]).to_parquet(mixed)
    np.testing.assert_array_equal(
        encode(options(), read_train(alone), 9)[0], encode(options(), read_train(mixed), 9)[0]
    )


def test_no_train_record_is_refused(tmp_path):
    world().assign(split="test").to_parquet(tmp_path / "interactions.parquet")
    with pytest.raises(DataError, match="no interaction of split train"):
        read_train(tmp_path / "interactions.parquet")


def test_standardized_over_the_items_that_have_a_vector():
    vectors, _ = encode(options(standardize=True), world(), n_items=11)
    np.testing.assert_allclose(vectors[:8].mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(vectors[:8].std(axis=0), 1, rtol=1e-5)
    plain, _ = encode(options(), world(), n_items=11)
    np.testing.assert_allclose(vectors[:8], (plain[:8] - plain[:8].mean(0)) / plain[:8].std(0), rtol=1e-3, atol=1e-4)


def test_a_constant_column_becomes_zeros():
    np.testing.assert_array_equal(standardized(np.array([[2, 1], [2, 3]], dtype=np.float32)), [[0, -1], [0, 1]])


def test_items_of_the_same_users_come_near():
    """Two groups of users, each with its own items."""
    user = np.repeat(np.arange(20), 4)
    item = np.concatenate([np.arange(4) + 4 * (u % 2) for u in range(20)])
    vectors, _ = encode(options(), pd.DataFrame({"user": user, "item": item}), 8)
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosine = units @ units.T
    assert cosine[0, 1] > 0.9
    assert abs(cosine[0, 4]) < 0.5
