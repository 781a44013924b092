import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from semtok.config.encoders import DistanceGraph
from semtok.encoders import distance_graph
from semtok.encoders.distance_graph import MINIMUM_WEIGHT, build
from semtok.encoders.geography import haversine_km
from semtok.errors import DataError

KM = 1 / 111.19508
"""Degrees of latitude in a kilometre."""


def options(**changed):
    return DistanceGraph(
        **{"method": "distance", "neighbours": 2, "radius_km": 5.0, "minimum_scale_m": 50.0, **changed}
    )


def places(latitude, longitude=None):
    longitude = np.zeros(len(latitude)) if longitude is None else longitude
    return pd.DataFrame({"latitude": np.asarray(latitude, float), "longitude": np.asarray(longitude, float)})


def brute_force(items, options):
    """Every pair by haversine; for points that are all different places."""
    latitude, longitude = items["latitude"].to_numpy(), items["longitude"].to_numpy()
    km = haversine_km(latitude[:, None], longitude[:, None], latitude, longitude)
    np.fill_diagonal(km, np.inf)
    kept = np.zeros_like(km, dtype=bool)
    for i, row in enumerate(km):
        order = np.argsort(row)[: options.neighbours]
        near = order[row[order] <= options.radius_km]
        kept[i, near if len(near) else order[:1]] = True
    scale = max(np.median(km[kept]), options.minimum_scale_m / 1000)
    weight = np.where(kept, np.maximum(np.exp(-(km**2) / (2 * scale**2)), MINIMUM_WEIGHT), 0)
    return np.maximum(weight, weight.T)


def test_by_hand():
    # On a line: 0, 1, 3 km, and one 20 km away. The first three keep two neighbours each, the last its nearest.
    items = places(np.array([0, 1, 3, 20]) * KM)
    graph = build(options(), items).toarray()
    # Kept: 1, 3 | 1, 2 | 2, 3 | 17; the median is 2.
    expected = np.zeros((4, 4))
    expected[0, 1], expected[0, 2], expected[1, 2] = np.exp(-1 / 8), np.exp(-9 / 8), np.exp(-4 / 8)
    expected[2, 3] = MINIMUM_WEIGHT
    np.testing.assert_allclose(graph, expected + expected.T, rtol=1e-4)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 40), st.integers(1, 12), st.sampled_from([0.01, 0.1, 3.0]))
def test_equals_all_pairs(seed, n, neighbours, spread):
    rng = np.random.default_rng(seed)
    items = places(40 + rng.normal(scale=spread, size=n), -73 + rng.normal(scale=spread, size=n))
    chosen = options(neighbours=neighbours)
    np.testing.assert_allclose(build(chosen, items).toarray(), brute_force(items, chosen), rtol=1e-4)


def test_blocks_change_nothing(monkeypatch):
    rng = np.random.default_rng(0)
    items = places(40 + rng.normal(scale=0.05, size=300).round(2), -73 + rng.normal(scale=0.05, size=300).round(2))
    whole = build(options(neighbours=5), items)
    monkeypatch.setattr(distance_graph, "BLOCK", 7)
    blocks = build(options(neighbours=5), items)
    assert (whole != blocks).nnz == 0


def test_the_scale_has_a_floor():
    # 10 m apart: without the floor of 50 m the weight of the median would be exp(-1/2).
    graph = build(options(), places(np.array([0, 0.01]) * KM)).toarray()
    np.testing.assert_allclose(graph[0, 1], np.exp(-(0.01**2) / (2 * 0.05**2)), rtol=1e-4)


@pytest.mark.parametrize(("shared", "own"), [(2, 1), (3, 2), (4, 2), (30, 2)])
def test_a_mall(shared, own):
    """Items of one place are joined with weight 1, and each still has its two other places."""
    around = np.array([1, 2, 3, 4]) * KM
    graph = build(options(), places(np.concatenate([np.zeros(shared), around]))).toarray()
    inside, outside = graph[:shared, :shared], graph[:shared, shared:]
    assert set(np.unique(inside)) <= {0.0, 1.0}
    np.testing.assert_array_equal((inside > 0).sum(axis=1), own)
    assert connected_components(sparse.csr_array(inside))[0] == 1
    assert ((outside > 0).sum(axis=1) >= 2).all()
    # Those around the mall choose one item of it, not all.
    assert (graph > 0).sum() <= 2 * (2 * len(graph) + own * shared)


def test_a_mall_is_nobodys_whole_neighbourhood():
    # 20 items at 0 and one at 1, 2 and 3 km: the one at 1 km keeps the mall and the place at 2 km.
    graph = build(options(), places(np.concatenate([np.zeros(20), np.array([1, 2, 3]) * KM]))).toarray()
    assert graph[20, 21] > 0
    assert graph[20, :20].max() > 0


def test_everything_at_one_place():
    graph = build(options(neighbours=10), places(np.zeros(5000))).tocsr()
    assert graph.nnz == 5000 * 10
    assert connected_components(graph)[0] == 1
    assert (graph.data == 1).all()


def test_one_point_and_two():
    assert build(options(), places([10.0])).nnz == 0
    far = build(options(), places([10.0, 60.0], [0, 100]))
    assert far.nnz == 2
    np.testing.assert_allclose(far.data, np.exp(-1 / 2), rtol=1e-5)


def test_items_without_coordinates_stay_out():
    with_gap = build(options(), places([0, np.nan, KM, 2 * KM], [0, 0, 0, 0]))
    assert with_gap.shape == (4, 4)
    np.testing.assert_array_equal(np.diff(with_gap.indptr), [2, 0, 2, 2])
    without = build(options(), places([0, KM, 2 * KM]))
    np.testing.assert_array_equal(with_gap.toarray()[np.ix_([0, 2, 3], [0, 2, 3])], without.toarray())


def test_no_coordinates_at_all():
    with pytest.raises(DataError, match="no column latitude, longitude"):
        build(options(), pd.DataFrame({"raw_id": ["a"]}))
    with pytest.raises(DataError, match="none of 2"):
        build(options(), places([np.nan, np.nan]))


def test_the_date_line_and_the_poles():
    # Two on either side of the date line, 1 km apart, and a third 4 km on.
    line = places([0, 0, 0], [180 - KM / 2, -180 + KM / 2, -180 + 4 * KM])
    graph = build(options(neighbours=1), line).toarray()
    assert graph[0, 1] > graph[1, 2] > 0
    assert graph[0, 2] == 0
    # A pole is one place, whatever its longitude; so are both names of the date line.
    np.testing.assert_array_equal(build(options(), places([90, 90], [0, 120])).toarray(), [[0, 1], [1, 0]])
    np.testing.assert_array_equal(build(options(), places([5, 5], [180, -180])).toarray(), [[0, 1], [1, 0]])


def test_symmetric_sparse_float32():
    rng = np.random.default_rng(1)
    graph = build(options(neighbours=10), places(40 + rng.normal(size=200) / 50, -73 + rng.normal(size=200) / 50))
    assert graph.dtype == np.float32
    assert graph.has_sorted_indices
    assert (graph != graph.T).nnz == 0
    assert (graph.diagonal() == 0).all()
    assert (graph.data > 0).all()
    assert (graph.data <= 1).all()
