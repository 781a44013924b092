import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from semtok.recommenders.full_ranking import best_items, rank_items


def test_by_hand():
    scores = torch.tensor([[0.5, 2.0, 0.5, 1.0, 0.5]])
    for item, rank, pessimistic in ((1, 1, 1), (3, 2, 2), (0, 3, 5), (2, 4, 5), (4, 5, 5)):
        found = rank_items(scores, torch.tensor([item]), top=4)
        assert (found.rank.tolist(), found.pessimistic.tolist()) == ([rank], [pessimistic])
        assert found.top.tolist() == [[1, 3, 0, 2]]


def test_fewer_items_than_are_kept():
    assert rank_items(torch.tensor([[1.0, 2.0]]), torch.tensor([0]), top=50).top.tolist() == [[1, 0]]


@given(st.integers(0, 10**6), st.integers(1, 25), st.integers(1, 30), st.integers(1, 6))
def test_agrees_with_numpy(seed, n_items, top, levels):
    """Also where most scores are equal: `levels` different ones."""
    generator = np.random.default_rng(seed)
    scores = generator.integers(levels, size=(4, n_items)).astype(np.float32)
    items = generator.integers(n_items, size=4)
    order = np.stack([np.lexsort((np.arange(n_items), -row)) for row in scores])
    found = rank_items(torch.from_numpy(scores), torch.from_numpy(items), top)
    assert found.top.tolist() == order[:, :top].tolist()
    assert found.rank.tolist() == [row.tolist().index(item) + 1 for row, item in zip(order, items, strict=True)]
    worse = (scores >= scores[np.arange(4), items][:, None]).sum(axis=1)
    assert found.pessimistic.tolist() == worse.tolist()


def test_equal_scores_are_cut_by_item_id():
    assert best_items(torch.zeros(2, 1000), 3).tolist() == [[0, 1, 2]] * 2
