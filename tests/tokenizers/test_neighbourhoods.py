from itertools import combinations

import numpy as np
import pytest

from semtok.tokenizers import neighbourhoods as module
from semtok.tokenizers.diagnostics import vector_ids
from semtok.tokenizers.measures import prefix_ids
from semtok.tokenizers.neighbourhoods import nearest_distinct, nearest_others, neighbourhoods


def brute_force(units, query, n_neighbours):
    order = np.argsort(-(units @ units[query]), kind="stable")
    return [int(item) for item in order if item != query][:n_neighbours]


@pytest.fixture
def units():
    vectors = np.random.default_rng(0).normal(size=(60, 5)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_nearest_others_against_all_pairs(units):
    found = nearest_others(units, np.arange(60), 10)
    assert found.tolist() == [brute_force(units, query, 10) for query in range(60)]


def test_nearest_others_among_many_equal_vectors():
    units = np.tile(np.float32([[1, 0]]), (30, 1))
    found = nearest_others(units, np.arange(30), 5)
    assert found.shape == (30, 5)
    assert (found != np.arange(30)[:, None]).all()


def test_nearest_distinct_passes_over_duplicates():
    angles = np.array([0, 0, 0.1, 0.5, 0.5, 1.5])
    units = np.column_stack([np.cos(angles), np.sin(angles)]).astype(np.float32)
    same = vector_ids(units)
    assert nearest_distinct(units, np.arange(6), same).tolist() == [2, 2, 0, 2, 2, 3]
    assert nearest_distinct(units, np.array([4, 5]), same).tolist() == [2, 3]
    assert nearest_distinct(units[:2], np.arange(2), same[:2]) is None


def test_measures_by_definition(units):
    codes = np.random.default_rng(1).integers(0, 3, size=(60, 2)).astype(np.int32)
    result = neighbourhoods(prefix_ids(codes), units * 3, vector_ids(units))
    assert (result["queries"], result["neighbours"]) == (60, 10)
    for depth, row in enumerate(result["depths"], start=1):

        def same(first, second, depth=depth):
            return bool((codes[first, :depth] == codes[second, :depth]).all())

        near = {item: brute_force(units, item, 10) for item in range(60)}
        sharing = {item: {other for other in range(60) if other != item and same(item, other)} for item in range(60)}
        overlap = {item: len(sharing[item] & set(near[item])) for item in range(60)}
        assert row["depth"] == depth
        assert row["overlap"] == pytest.approx(np.mean(list(overlap.values())) / 10)
        precisions = [overlap[item] / len(sharing[item]) for item in range(60) if sharing[item]]
        assert row["precision"] == pytest.approx(np.mean(precisions))
        assert row["nearest"] == pytest.approx(np.mean([same(item, near[item][0]) for item in range(60)]))
        assert row["nearest_distinct"] == row["nearest"]
        assert row["random"] == pytest.approx(np.mean([same(*pair) for pair in combinations(range(60), 2)]))


def test_codes_of_clusters_are_shared_by_neighbours(clusters):
    vectors, labels = clusters
    near = neighbourhoods(prefix_ids(labels[:, None]), vectors, vector_ids(vectors))["depths"][0]
    assert near["overlap"] == near["nearest"] == 1
    assert near["random"] < 0.2


def test_duplicates_count_for_the_nearest_but_not_for_the_nearest_distinct(units):
    doubled = np.repeat(units, 2, axis=0)
    codes = np.repeat(np.arange(60, dtype=np.int32), 2)[:, None]
    row = neighbourhoods(prefix_ids(codes), doubled, vector_ids(doubled))["depths"][0]
    assert row["nearest"] == 1
    assert row["nearest_distinct"] == 0
    assert row["overlap"] == pytest.approx(0.1)
    assert row["precision"] == 1


def test_items_without_a_vector_are_left_out(units):
    vectors = units.copy()
    vectors[[2, 9]] = np.nan
    codes = np.zeros((60, 1), dtype=np.int32)
    result = neighbourhoods(prefix_ids(codes), vectors, vector_ids(vectors))
    assert result["queries"] == 58
    assert result["depths"][0]["overlap"] == 1


def test_large_catalogues_are_sampled(units, monkeypatch):
    codes = np.random.default_rng(1).integers(0, 3, size=(60, 1)).astype(np.int32)
    whole = neighbourhoods(prefix_ids(codes), units, vector_ids(units))["depths"][0]
    monkeypatch.setattr(module, "MAX_QUERIES", 40)
    sample = neighbourhoods(prefix_ids(codes), units, vector_ids(units))
    assert sample["queries"] == 40
    assert sample["depths"][0]["random"] == whole["random"]
    assert sample["depths"][0]["overlap"] == pytest.approx(whole["overlap"], abs=0.15)


def test_one_item_has_no_neighbours(units):
    assert neighbourhoods(np.zeros((1, 2), dtype=np.int64), units[:1], np.zeros(1, dtype=np.int64))["depths"] == []
