import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from semtok.errors import DataError
from semtok.recommenders.vocabulary import BOS, EOS, N_SPECIALS, PAD, ItemTokens, Vocabulary

code_arrays = hnp.arrays(
    np.int32, st.tuples(st.integers(1, 40), st.integers(1, 4)), elements=st.integers(min_value=0, max_value=5)
)


def test_tokens_by_hand():
    vocabulary = Vocabulary((4, 2, 3))
    assert vocabulary.size == 3 + 4 + 2 + 3
    assert vocabulary.tokens(np.array([[0, 0, 0], [3, 1, 2]])).tolist() == [[3, 7, 9], [6, 8, 11]]
    assert sorted({PAD, BOS, EOS}) == list(range(N_SPECIALS))


@given(code_arrays)
def test_codes_come_back(codes):
    vocabulary = ItemTokens.from_codes(codes, "expand").vocabulary
    assert np.array_equal(vocabulary.codes(vocabulary.tokens(codes)), codes)


@given(code_arrays)
def test_levels_share_no_token_and_none_is_special(codes):
    catalogue = ItemTokens.from_codes(codes, "suffix")
    per_level = [set(column.tolist()) for column in catalogue.tokens.T]
    assert sum(len(tokens) for tokens in per_level) == len(set().union(*per_level))
    assert min(catalogue.tokens.ravel()) >= N_SPECIALS  # code 0 is not PAD
    assert max(catalogue.tokens.ravel()) == catalogue.vocabulary.size - 1


@given(code_arrays)
def test_suffix_makes_every_item_its_own_tuple(codes):
    catalogue = ItemTokens.from_codes(codes, "suffix")
    assert catalogue.tokens.shape == (len(codes), codes.shape[1] + 1)
    assert len(np.unique(catalogue.tokens, axis=0)) == len(codes)
    assert np.array_equal(catalogue.vocabulary.codes(catalogue.tokens)[:, :-1], codes)


@given(code_arrays)
def test_expand_keeps_the_raw_tuples(codes):
    catalogue = ItemTokens.from_codes(codes, "expand")
    assert len(np.unique(catalogue.tokens, axis=0)) == len(np.unique(codes, axis=0))


def test_suffix_by_hand():
    codes = np.array([[1, 1], [0, 2], [1, 1], [1, 1], [0, 2]])
    catalogue = ItemTokens.from_codes(codes, "suffix")
    assert catalogue.vocabulary.level_sizes == (2, 3, 3)
    assert (catalogue.tokens[:, -1] - catalogue.vocabulary.offsets[-1]).tolist() == [0, 0, 1, 2, 1]


def test_bad_codes_are_refused():
    with pytest.raises(DataError, match=r"row 1.*-1"):
        ItemTokens.from_codes(np.array([[0, 1], [2, -1]]), "suffix")
    with pytest.raises(DataError, match="float64"):
        ItemTokens.from_codes(np.array([[0.5, 1.0]]), "suffix")
    with pytest.raises(DataError, match="expected integers"):
        ItemTokens.from_codes(np.array([1, 2, 3]), "expand")
    with pytest.raises(DataError, match="levels"):
        Vocabulary((2, 2)).tokens(np.array([[0, 2]]))
    with pytest.raises(DataError, match="level"):
        Vocabulary((2, 2)).codes(np.array([[3, 4]]))
