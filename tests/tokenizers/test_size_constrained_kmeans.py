from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans

from semtok.tokenizers.size_constrained_kmeans import assign, cluster, means


@st.composite
def problems(draw, most_clusters=6, most_points=40):
    """Points, centres, and bounds of the sizes that the points can keep."""
    n_clusters = draw(st.integers(1, most_clusters))
    n = draw(st.integers(n_clusters, most_points))
    smallest = draw(st.integers(1, n // n_clusters))
    largest = draw(st.integers(-(-n // n_clusters), n))
    generator = np.random.default_rng(draw(st.integers(0, 999)))
    points = generator.normal(size=(n, 3)) * generator.exponential(size=(n, 1)) ** 2
    return points, points[:n_clusters], smallest, largest


def squared_error(points, labels, centres):
    return np.square(points - centres[labels]).sum()


@settings(max_examples=40)
@given(problems())
def test_sizes_are_kept(problem):
    _, centres, smallest, largest = problem
    for labels in (assign(*problem), cluster(*problem, iterations=10)):
        sizes = np.bincount(labels, minlength=len(centres))
        assert len(sizes) == len(centres)
        assert smallest <= sizes.min()
        assert sizes.max() <= largest


@settings(max_examples=20)
@given(problems(most_clusters=3, most_points=6))
def test_assignment_is_the_best_of_all(problem):
    points, centres, smallest, largest = problem
    every = [np.array(labels) for labels in product(range(len(centres)), repeat=len(points))]
    sizes = [np.bincount(labels, minlength=len(centres)) for labels in every]
    allowed = [
        squared_error(points, labels, centres)
        for labels, size in zip(every, sizes, strict=True)
        if smallest <= size.min() and size.max() <= largest
    ]
    assert squared_error(points, assign(*problem), centres) == pytest.approx(min(allowed))


@settings(max_examples=40)
@given(problems())
def test_more_iterations_are_no_worse(problem):
    points, centres, *_ = problem
    found = [cluster(*problem, iterations=count) for count in (1, 2, 5, 50)]
    errors = [squared_error(points, labels, means(points, labels, len(centres))) for labels in found]
    assert all(after <= before + 1e-9 for before, after in pairwise(errors))


def test_without_bounds_that_matter_it_is_k_means():
    generator = np.random.default_rng(0)
    points = generator.normal(size=(200, 4))
    peer = KMeans(5, init=points[:5], n_init=1, max_iter=300, tol=0).fit(points)
    np.testing.assert_array_equal(cluster(points, points[:5], 1, 200, 300), peer.labels_)


def test_means_by_hand():
    points = np.array([[0.0, 2.0], [4.0, 0.0], [2.0, 4.0]])
    assert means(points, np.array([1, 0, 1]), 2).tolist() == [[4, 0], [1, 3]]
