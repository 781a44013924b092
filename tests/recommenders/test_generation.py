import numpy as np
import torch

from semtok.recommenders.generation import Generated, expand
from semtok.recommenders.trie import Trie
from semtok.recommenders.vocabulary import ItemTokens

CPU = torch.device("cpu")


def test_ranks_by_hand():
    generated = Generated(np.array([[4, 2, 9], [1, -1, -1], [5, 6, -1]], dtype=np.int32), 0.0)
    assert generated.ranks(np.array([9, 1, 7])).tolist() == [3, 1, 0]


def test_expansion_is_uniform_and_its_own_for_each_user():
    catalogue = ItemTokens.from_codes(np.zeros((3, 1), dtype=np.int32), "expand")
    trie = Trie(catalogue, CPU)
    users = np.arange(3000)
    top = expand(torch.zeros((3000, 1), dtype=torch.long), trie, users, seed=0)
    orders, counts = np.unique(top, axis=0, return_counts=True)
    assert len(orders) == 6
    assert counts.min() > 400
    assert np.array_equal(top[1234:1235], expand(torch.zeros((1, 1), dtype=torch.long), trie, users[1234:1235], seed=0))


def test_expand_skips_empty_places():
    catalogue = ItemTokens.from_codes(np.array([[0], [1], [1]]), "expand")
    top = expand(torch.tensor([[-1, 1], [0, -1]]), Trie(catalogue, CPU), np.array([0, 1]), seed=0)
    assert sorted(top[0].tolist()) == [1, 2]
    assert top[1].tolist() == [0, -1]
