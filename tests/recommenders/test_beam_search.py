import numpy as np
import pytest
import torch

from semtok.recommenders.batching import SourceBatch
from semtok.recommenders.beam_search import beam_search, best
from semtok.recommenders.t5 import T5
from semtok.recommenders.trie import Positions, Trie
from semtok.recommenders.vocabulary import BOS, ItemTokens

CPU = torch.device("cpu")


@pytest.fixture
def catalogue(codes):
    return ItemTokens.from_codes(codes, "suffix")


@pytest.fixture
def model(model_options, catalogue):
    model = T5(model_options, catalogue.vocabulary.size).eval()
    with torch.no_grad():
        model.embedding.weight *= 3  # spread the probabilities
    return model


@pytest.fixture
def histories(model, catalogue):
    """Two users, the second with a shorter history."""
    items = torch.tensor([[3, 1, 20], [7, 30, 0]])
    mask = torch.tensor([[True] * 3, [True, True, False]]).repeat_interleave(3, dim=1)
    return SourceBatch(torch.from_numpy(catalogue.tokens)[items].flatten(1), mask)


def row(batch, user):
    """One user's history."""
    return SourceBatch(batch.source[user : user + 1], batch.mask[user : user + 1])


def true_scores(model, catalogue, batch):
    """Log-probability of each item [U, N], each taught to the decoder on its own; no trie, no cache."""
    tokens = torch.from_numpy(catalogue.tokens)
    start = torch.full((len(tokens), 1), BOS)
    scores = []
    for user in range(len(batch.source)):
        with torch.no_grad():
            encoded = model.encode(batch.source[user : user + 1], batch.mask[user : user + 1])
            repeated = encoded.expand(len(tokens), -1, -1), batch.mask[user].expand(len(tokens), -1)
            logits = model.decode(*repeated, torch.cat([start, tokens[:, :-1]], dim=1))
        scores.append(logits.log_softmax(-1).gather(-1, tokens.unsqueeze(-1)).sum((1, 2)))
    return torch.stack(scores)


def items_of(trie, leaves):
    return torch.where(leaves < 0, -1, trie.items[trie.item_starts[leaves.clamp(min=0)]])


def test_a_beam_as_wide_as_the_catalogue_ranks_it_exactly(model, catalogue, histories):
    trie = Trie(catalogue, CPU)
    leaves, scores = beam_search(model, trie, trie, histories, len(catalogue.tokens), renormalize=False)
    truth = true_scores(model, catalogue, histories)
    assert torch.equal(items_of(trie, leaves), truth.argsort(descending=True))
    torch.testing.assert_close(scores, truth.sort(descending=True).values, atol=1e-4, rtol=0)
    assert not torch.equal(leaves[0], leaves[1])


def test_a_wider_beam_than_the_catalogue_is_no_longer(model, catalogue, histories):
    trie = Trie(catalogue, CPU)
    leaves, scores = beam_search(model, trie, trie, histories, 1000, renormalize=False)
    assert leaves.shape == (2, len(catalogue.tokens))
    assert scores.isfinite().all()


def by_hand(model, catalogue, batch, width, renormalize):
    """Beam search of one user with Python lists and no cache: the definition."""
    beams = [((), 0.0)]
    existing = {tuple(tokens) for tokens in catalogue.tokens.tolist()}
    for level in range(catalogue.tokens.shape[1]):
        candidates = []
        for path, score in beams:
            with torch.no_grad():
                encoded = model.encode(batch.source, batch.mask)
                log_p = model.decode(encoded, batch.mask, torch.tensor([[BOS, *path]]))[0, -1].log_softmax(-1)
            allowed = sorted({tokens[level] for tokens in existing if tokens[:level] == path})
            total = log_p[allowed].logsumexp(0) if renormalize else 0.0
            candidates += [((*path, token), score + float(log_p[token] - total)) for token in allowed]
        beams = sorted(candidates, key=lambda candidate: -candidate[1])[:width]
    return beams


@pytest.mark.parametrize("width", [1, 3, 7])
@pytest.mark.parametrize("renormalize", [False, True])
def test_narrow_beams_equal_the_definition(model, catalogue, histories, width, renormalize):
    trie = Trie(catalogue, CPU)
    leaves, scores = beam_search(model, trie, trie, histories, width, renormalize)
    items = items_of(trie, leaves)
    for user in range(2):
        expected = by_hand(model, catalogue, row(histories, user), width, renormalize)
        assert [tuple(catalogue.tokens[item]) for item in items[user]] == [path for path, _ in expected]
        assert scores[user].tolist() == pytest.approx([score for _, score in expected], abs=1e-4)


def test_renormalizing_makes_the_catalogue_sum_to_one(model, catalogue, histories):
    trie = Trie(catalogue, CPU)
    _, scores = beam_search(model, trie, trie, histories, 1000, renormalize=True)
    torch.testing.assert_close(scores.exp().sum(1), torch.ones(2))
    _, scores = beam_search(model, trie, trie, histories, 1000, renormalize=False)
    assert (scores.exp().sum(1) < 0.99).all()


def test_positions_let_tuples_through_that_do_not_exist(model, catalogue, histories):
    trie = Trie(catalogue, CPU)
    positions = Positions(catalogue, trie, CPU)
    everything = positions.n_prefixes(trie.n_levels)
    leaves, scores = beam_search(model, positions, trie, histories, everything, renormalize=False)
    assert leaves.shape == (2, everything)
    constrained, exact = beam_search(model, trie, trie, histories, everything, renormalize=False)
    for user in range(2):
        valid = leaves[user] >= 0
        assert valid.sum() == len(catalogue.tokens) < everything
        assert torch.equal(leaves[user][valid], constrained[user])
        torch.testing.assert_close(scores[user][valid], exact[user])


def test_equal_scores_are_ordered_by_item(catalogue, model, histories):
    with torch.no_grad():
        model.embedding.weight.zero_()  # every token is as likely as any other
    trie = Trie(catalogue, CPU)
    leaves, scores = beam_search(model, trie, trie, histories, 1000, renormalize=False)
    assert scores.unique().numel() == 1
    assert items_of(trie, leaves).tolist() == [list(range(len(catalogue.tokens)))] * 2


def test_users_do_not_influence_each_other(model, catalogue, histories):
    trie = Trie(catalogue, CPU)
    together, _ = beam_search(model, trie, trie, histories, 6, renormalize=False)
    for user in range(2):
        alone, _ = beam_search(model, trie, trie, row(histories, user), 6, renormalize=False)
        assert torch.equal(alone[0], together[user])


def test_single_item_catalogue(model_options):
    catalogue = ItemTokens.from_codes(np.array([[2, 1]]), "suffix")
    model = T5(model_options, catalogue.vocabulary.size).eval()
    trie = Trie(catalogue, CPU)
    leaves, _ = beam_search(
        model, trie, trie, SourceBatch(torch.from_numpy(catalogue.tokens), None), 5, renormalize=False
    )
    assert leaves.tolist() == [[0]]


def test_best_by_score_then_tie():
    scores = torch.tensor([[-1.0, -0.5, -torch.inf, -0.5, 0.0, -0.5]])
    ties = torch.tensor([[0, 9, 1, 4, 7, 2**31 - 1]])
    assert best(scores, ties, 5).tolist() == [[4, 3, 1, 5, 0]]


def test_best_agrees_with_a_stable_sort_of_many_ties():
    scores = -torch.randint(0, 5, (20, 300)).float() / 3
    ties = torch.stack([torch.randperm(300) for _ in range(20)])
    for row, found in enumerate(best(scores, ties, 40)):
        expected = sorted(range(300), key=lambda column: (-scores[row, column], ties[row, column]))[:40]
        assert found.tolist() == expected
