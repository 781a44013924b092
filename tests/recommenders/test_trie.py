import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from semtok.errors import ConfigError
from semtok.recommenders.trie import Positions, Trie
from semtok.recommenders.vocabulary import ItemTokens, Vocabulary

CPU = torch.device("cpu")
catalogues = hnp.arrays(
    np.int32, st.tuples(st.integers(1, 40), st.integers(1, 4)), elements=st.integers(min_value=0, max_value=3)
).flatmap(lambda codes: st.sampled_from(["suffix", "expand"]).map(lambda how: ItemTokens.from_codes(codes, how)))


def walk(trie, level=0, prefix=0, path=()):
    """Every whole tuple below a prefix, with its leaf."""
    if level == trie.n_levels:
        yield path, prefix
        return
    tokens, children, valid = trie.children(level, torch.tensor(prefix))
    for token, child in zip(tokens[valid].tolist(), children[valid].tolist(), strict=True):
        yield from walk(trie, level + 1, child, (*path, token))


@given(catalogues)
def test_walk_finds_exactly_the_tuples_in_order(catalogue):
    found = list(walk(Trie(catalogue, CPU)))
    assert [path for path, _ in found] == sorted(set(map(tuple, catalogue.tokens.tolist())))
    assert [leaf for _, leaf in found] == list(range(len(found)))


@given(catalogues)
def test_leaves_hold_the_items_of_their_tuple(catalogue):
    trie = Trie(catalogue, CPU)
    seen = []
    for path, leaf in walk(trie):
        items = trie.items[trie.item_starts[leaf] : trie.item_starts[leaf + 1]].tolist()
        assert items == [item for item, tokens in enumerate(catalogue.tokens.tolist()) if tuple(tokens) == path]
        seen += items
    assert sorted(seen) == list(range(len(catalogue.tokens)))


@given(catalogues)
def test_prefixes_are_counted(catalogue):
    trie = Trie(catalogue, CPU)
    for level in range(trie.n_levels + 1):
        assert trie.n_prefixes(level) == len(np.unique(catalogue.tokens[:, :level], axis=0)) or level == 0
    assert trie.n_prefixes(0) == 1


@given(catalogues)
def test_positions_know_which_tuples_exist(catalogue):
    trie = Trie(catalogue, CPU)
    positions = Positions(catalogue, trie, CPU)
    paths = dict(walk(positions))
    assert len(paths) == np.prod(catalogue.vocabulary.level_sizes) == positions.n_prefixes(trie.n_levels)
    expected = dict(walk(trie))
    leaves = positions.leaves(torch.tensor(list(paths.values()))).tolist()
    assert leaves == [expected.get(path, -1) for path in paths]


def test_positions_refuse_what_they_cannot_number():
    sizes = (256,) * 8
    catalogue = ItemTokens(Vocabulary(sizes), Vocabulary(sizes).tokens(np.zeros((1, 8), dtype=np.int64)))
    with pytest.raises(ConfigError, match="position"):
        Positions(catalogue, Trie(catalogue, CPU), CPU)
