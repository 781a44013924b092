from itertools import combinations

import numpy as np
import pytest

from semtok.encoders.similarity import mean_pairwise_cosine


def test_mean_pairwise_cosine_against_all_pairs(monkeypatch):
    monkeypatch.setattr("semtok.encoders.similarity.CHUNK", 5)
    vectors = np.random.default_rng(0).normal(loc=0.3, size=(17, 5)).astype(np.float32)
    vectors[4] = np.nan
    rows = [row / np.linalg.norm(row) for number, row in enumerate(vectors) if number != 4]
    expected = np.mean([first @ second for first, second in combinations(rows, 2)])
    assert mean_pairwise_cosine(vectors) == pytest.approx(expected, abs=1e-6)


def test_mean_pairwise_cosine_by_hand():
    # Pairs: (e1, e1) = 1, (e1, -e1) twice = -1; the mean is -1/3.
    assert mean_pairwise_cosine(np.array([[1, 0], [2, 0], [-3, 0]], dtype=np.float32)) == pytest.approx(-1 / 3)
    assert mean_pairwise_cosine(np.ones((1, 2), dtype=np.float32)) is None
