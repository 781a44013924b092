import numpy as np
import pytest
from scipy import sparse, stats

from semtok.encoders.walks import Sampler


def graph(*edges, n=None):
    """A symmetric graph of (node, node, weight)."""
    a, b, weight = (np.array(column) for column in zip(*edges, strict=True))
    n = n or int(max(a.max(), b.max())) + 1
    matrix = sparse.csr_array((weight.astype(np.float32), (a, b)), shape=(n, n))
    return sparse.csr_array(matrix + matrix.T)


@pytest.fixture
def random():
    return np.random.default_rng(0)


STAR = graph((0, 1, 1.0), (0, 2, 2.0), (0, 3, 5.0), (0, 4, 1e-6))


def test_steps_follow_the_weights(random):
    reached = Sampler(STAR, 0.75).step(np.zeros(80_000, dtype=np.int64), random)
    counts = np.bincount(reached, minlength=5)
    assert counts[0] == 0
    assert counts[4] <= 3
    assert stats.chisquare(counts[1:4], counts[1:4].sum() * np.array([1, 2, 5]) / 8).pvalue > 1e-3


def test_every_step_is_along_an_edge(random):
    matrix = sparse.random_array((60, 60), density=0.08, rng=1, dtype=np.float32)
    ring = sparse.coo_array((np.full(60, 1e-6, np.float32), (np.arange(60), (np.arange(60) + 1) % 60)), shape=(60, 60))
    matrix = sparse.csr_array(matrix + matrix.T + ring + ring.T)
    sampler = Sampler(matrix, 0.75)
    at = np.repeat(np.arange(60), 500)
    reached = sampler.step(at, random)
    assert (matrix.toarray()[at, reached] > 0).all()


def test_the_last_draw_of_a_node_stays_with_it():
    class Almost:
        def random(self, size):
            return np.full(size, np.nextafter(1, 0))

    sampler = Sampler(STAR, 0.75)
    nodes = np.arange(5)
    reached = sampler.step(nodes, Almost())
    assert (STAR.toarray()[nodes, reached] > 0).all()
    np.testing.assert_array_equal(reached[1:], 0)


def test_pairs_of_a_path(random):
    # 0 - 1 - 2: from 0 the walk is 1, then 0 or 2, then 1. The start is never its own partner.
    sampler = Sampler(graph((0, 1, 1.0), (1, 2, 3.0)), 0.75)
    anchors, positives = sampler.pairs(np.zeros(8000, dtype=np.int64), 3, random)
    assert (anchors == 0).all()
    counts = np.bincount(positives, minlength=3)
    assert counts[0] == 0
    assert counts[1] == 16_000
    assert stats.binomtest(int(counts[2]), 8000, 0.75).pvalue > 1e-3
    # In random order: not all first steps first.
    assert not (positives[:8000] == 1).all()


def test_negatives_follow_the_degree(random):
    # Degrees 3, 2, 2, 1; the weights do not count.
    sampler = Sampler(graph((0, 1, 9.0), (0, 2, 1.0), (0, 3, 1.0), (1, 2, 1.0)), 0.75)
    drawn = sampler.negatives(50_000, random)
    chance = np.array([3, 2, 2, 1]) ** 0.75
    assert stats.chisquare(np.bincount(drawn), 50_000 * chance / chance.sum()).pvalue > 1e-3
    assert drawn.min() >= 0
    assert drawn.max() <= 3


def test_edges_are_all_or_a_fair_sample(random):
    sampler = Sampler(STAR, 0.75)
    neighbours, targets = sampler.edges(np.array([2, 0]), None, None)
    np.testing.assert_array_equal(targets, [0, 1, 1, 1, 1])
    np.testing.assert_array_equal(neighbours, [0, 1, 2, 3, 4])
    seen = np.zeros(5)
    for _ in range(4000):
        neighbours, targets = sampler.edges(np.array([2, 0]), 3, random)
        np.testing.assert_array_equal(targets, [0, 1, 1, 1])
        assert neighbours[0] == 0
        assert len(set(neighbours[1:])) == 3
        seen[neighbours[1:]] += 1
    assert stats.chisquare(seen[1:]).pvalue > 1e-3
    neighbours, _ = sampler.edges(np.array([2, 0]), 4, random)
    np.testing.assert_array_equal(neighbours, [0, 1, 2, 3, 4])
