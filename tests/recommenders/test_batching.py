import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from semtok.errors import DataError
from semtok.recommenders.batching import Batches
from semtok.recommenders.grouping import Capacity, groups_by_length
from semtok.recommenders.sequences import Samples, Sequences
from semtok.recommenders.training import epoch_order
from semtok.recommenders.vocabulary import BOS, EOS, PAD, ItemTokens


@given(st.lists(st.integers(1, 30), max_size=60), st.integers(0, 9), st.integers(1, 100), st.integers(0, 40))
def test_groups_hold_every_row_once_within_the_limits(lengths, extra, most, pass_cost):
    lengths = np.array(lengths, dtype=np.int64)
    groups = list(groups_by_length(lengths, extra, Capacity(most, pass_cost)))
    assert sorted(np.concatenate([[], *groups]).tolist()) == list(range(len(lengths)))
    for group in groups:
        assert len(group) == 1 or len(group) * (lengths[group].max() + extra) <= most
        assert (lengths[group].max() - lengths[group]).sum() <= pass_cost
    flat = [lengths[row] for group in groups for row in group]
    assert flat == sorted(flat)


def test_equal_lengths_fill_their_groups():
    groups = groups_by_length(np.full(10, 5), 2, Capacity(28, 0))
    assert [len(group) for group in groups] == [4, 4, 2]


def test_a_long_row_is_left_out_where_padding_costs_more_than_a_pass():
    lengths = np.array([9, 2, 2, 3])
    assert [group.tolist() for group in groups_by_length(lengths, 0, Capacity(100, 3))] == [[1, 2, 3], [0]]
    assert [group.tolist() for group in groups_by_length(lengths, 0, Capacity(100, 1))] == [[1, 2], [3], [0]]
    assert len(list(groups_by_length(lengths, 0, Capacity(100, 20)))) == 1


def test_epochs_are_permutations_of_their_own():
    first, second = epoch_order(50, None, seed=1, epoch=0), epoch_order(50, None, seed=1, epoch=1)
    assert sorted(first) == sorted(second) == list(range(50))
    assert not np.array_equal(first, second)
    assert np.array_equal(first, epoch_order(50, None, seed=1, epoch=0))
    assert not np.array_equal(first, epoch_order(50, None, seed=2, epoch=0))


def test_drawn_samples_are_distinct_and_new_each_epoch():
    first, second = epoch_order(50, 20, seed=1, epoch=0), epoch_order(50, 20, seed=1, epoch=1)
    assert len(set(first)) == len(set(second)) == 20
    assert set(first) != set(second)


def make_batches():
    catalogue = ItemTokens.from_codes(np.array([[0, 1], [1, 0], [1, 1]]), "expand")
    sequences = Sequences(np.array([2, 0, 1, 1]), np.array([0, 3, 4]))
    return Batches(sequences, catalogue, max_items=2, device=torch.device("cpu"))


def test_source_and_target_by_hand():
    batches = make_batches()
    samples = Samples(np.array([0, 0]), np.array([2, 1]), np.array([1, 0]))
    batch = batches.source(samples)
    assert batch.source.tolist() == [[4, 6, 3, 6], [4, 6, PAD, PAD]]
    assert batch.mask.tolist() == [[True] * 4, [True, True, False, False]]
    assert batches.target(samples.item).tolist() == [[BOS, 4, 5, EOS], [BOS, 3, 6, EOS]]


def test_items_without_codes_are_refused():
    catalogue = ItemTokens.from_codes(np.array([[0, 1], [1, 0]]), "expand")
    with pytest.raises(DataError, match="items from 0 to 2, but codes of 2 items"):
        Batches(Sequences(np.array([0, 2]), np.array([0, 2])), catalogue, 2, torch.device("cpu"))


def test_equal_histories_need_no_mask():
    batches = make_batches()
    batch = batches.source(Samples(np.array([0, 1]), np.array([1, 1]), np.array([0, 0])))
    assert batch.mask is None
    assert batch.source.tolist() == [[4, 6], [4, 5]]
