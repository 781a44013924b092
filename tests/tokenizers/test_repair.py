import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semtok.config.tokenizer_options import SinkhornRepair
from semtok.config.tokenizers import RQKMeansTokenizer
from semtok.tokenizers.collisions import groups
from semtok.tokenizers.measures import collision_rate
from semtok.tokenizers.repair import repair
from semtok.tokenizers.train import tokenize

OPTIONS = SinkhornRepair(epsilon=0.003, iterations=50, rounds=20)


@st.composite
def quantized(draw):
    """Codes, last residuals and last book: the last code is the nearest, and some items are equal."""
    n, size = draw(st.integers(1, 40)), draw(st.integers(2, 8))
    n_prefixes, n_levels = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    generator = np.random.default_rng(draw(st.integers(0, 9999)))
    book = generator.normal(size=(size, 3)).astype(np.float32)
    residuals = generator.normal(size=(n, 3)).astype(np.float32)[generator.integers(n, size=n)]
    codes = np.empty((n, n_levels), dtype=np.int32)
    codes[:, :-1] = generator.integers(n_prefixes, size=(n, 1))
    codes[:, -1] = np.square(residuals[:, None] - book[None]).sum(axis=2).argmin(axis=1)
    return codes, residuals, book


@settings(max_examples=40)
@given(quantized())
def test_what_a_repair_may_and_may_not_do(made):
    codes, residuals, book = made
    before = codes.copy()
    repaired, facts = repair(codes, residuals, book, OPTIONS)
    np.testing.assert_array_equal(codes, before)
    np.testing.assert_array_equal(repaired[:, :-1], codes[:, :-1])
    assert repaired.dtype == codes.dtype
    assert repaired.min() >= 0
    assert repaired[:, -1].max() < len(book)
    assert collision_rate(repaired) <= collision_rate(codes)
    # Who was alone keeps its code and stays alone.
    alone = np.setdiff1d(np.arange(len(codes)), np.concatenate([[], *groups(codes)]))
    np.testing.assert_array_equal(repaired[alone], codes[alone])
    assert not set(alone) & set(np.concatenate([[], *groups(repaired)]))
    # Equal items had equal codes, and have.
    keys, twins = np.unique(np.column_stack([codes[:, :-1], residuals]), axis=0, return_inverse=True)
    assert len(np.unique(np.column_stack([twins.reshape(-1), repaired[:, -1]]), axis=0)) == len(keys)
    again, same_facts = repair(codes, residuals, book, OPTIONS)
    np.testing.assert_array_equal(again, repaired)
    assert facts == same_facts
    assert facts["repaired_items"] == (repaired != codes).any(axis=1).sum()
    assert facts["collision_rate_before_repair"] == collision_rate(codes)
    assert facts["collision_rate_after_repair"] == collision_rate(repaired)


def test_each_of_two_goes_to_the_nearest_free_codeword_on_its_side():
    book = np.array([[0.0], [-0.4], [0.5], [-3.0], [2.0]], dtype=np.float32)
    # Items 0 and 1 share the tuple (7, 0). The codeword 2 of that prefix is item 2's; item 3 has another prefix.
    residuals = np.array([[-0.1], [0.1], [0.5], [0.5]], dtype=np.float32)
    codes = np.array([[7, 0], [7, 0], [7, 2], [3, 2]], dtype=np.int32)
    repaired, facts = repair(codes, residuals, book, OPTIONS)
    assert repaired.tolist() == [[7, 1], [7, 4], [7, 2], [3, 2]]
    assert facts["collision_rate_before_repair"] == 0.25
    assert facts["collision_rate_after_repair"] == 0
    assert facts["repaired_items"] == 2


def test_without_a_free_codeword_nothing_changes():
    book = np.array([[0.0], [1.0]], dtype=np.float32)
    codes = np.array([[0, 0], [0, 0], [0, 1]], dtype=np.int32)
    repaired, facts = repair(codes, np.array([[-0.1], [0.1], [1.0]], dtype=np.float32), book, OPTIONS)
    np.testing.assert_array_equal(repaired, codes)
    assert facts["repair_rounds"] == 1


def test_without_collisions_nothing_is_done():
    codes = np.array([[0, 0], [0, 1], [1, 0]], dtype=np.int32)
    repaired, facts = repair(codes, np.zeros((3, 2), dtype=np.float32), np.eye(2, dtype=np.float32), OPTIONS)
    np.testing.assert_array_equal(repaired, codes)
    assert facts["repaired_items"] == facts["repair_rounds"] == 0


def test_rounds_go_on_until_all_are_told_apart():
    # A small clump of one tuple, and nearly as few codewords: the first round cannot tell all of it apart.
    generator = np.random.default_rng(0)
    residuals = generator.normal(size=(24, 2)).astype(np.float32) * 0.1
    book = generator.normal(size=(32, 2)).astype(np.float32)
    codes = np.zeros((24, 2), dtype=np.int32)
    one, _ = repair(codes, residuals, book, OPTIONS.model_copy(update={"rounds": 1}))
    every, facts = repair(codes, residuals, book, OPTIONS)
    assert collision_rate(every) < collision_rate(one) < collision_rate(codes)
    assert collision_rate(every) == 0
    assert facts["repair_rounds"] == 2


@pytest.mark.parametrize("method", ["rqvae", "cost", "letter", "rq-kmeans"])
def test_every_method_repairs_and_keeps_its_raw_codes(request, clusters, written, method):
    made = written(clusters[0], collaborative=clusters[0][:, :8])

    def options(repair):
        if method != "rq-kmeans":
            return request.getfixturevalue(method)(repair=repair, n_levels=2)
        return RQKMeansTokenizer(
            method="rq-kmeans", encoder="text", n_levels=2, codebook_size=8, max_iterations=9, repair=repair
        )

    plain = tokenize(options(None), *made, seed=0)
    tokens = tokenize(options(OPTIONS), *made, seed=0)
    assert plain.raw_codes is None
    np.testing.assert_array_equal(tokens.raw_codes, plain.codes)
    assert collision_rate(tokens.codes) < collision_rate(plain.codes)
    assert tokens.facts["repaired_items"] > 0
    assert {name: tokens.facts[name] for name in plain.facts} == plain.facts
    for name, array in plain.state.items():
        np.testing.assert_array_equal(tokens.state[name], array)


def test_rq_kmeans_repairs_with_what_its_last_level_coded(clusters, written, monkeypatch):
    told = []
    monkeypatch.setattr(
        "semtok.tokenizers.repair.repair", lambda *arguments: (told.append(arguments), repair(*arguments))[1]
    )
    options = RQKMeansTokenizer(
        method="rq-kmeans", encoder="text", n_levels=2, codebook_size=8, max_iterations=9, repair=OPTIONS
    )
    tokens = tokenize(options, *written(clusters[0]), seed=0)
    [(codes, residuals, book, _)] = told
    first, last = tokens.state["books"]
    np.testing.assert_array_equal(codes, tokens.raw_codes)
    np.testing.assert_allclose(residuals, clusters[0] - first[codes[:, 0]], atol=1e-6)
    np.testing.assert_array_equal(book, last)
