import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from semtok.config.over_ids import BERT4RecTrainingOptions, SelfAttentionOptions
from semtok.recommenders.bert4rec import BERT4RecNetwork, Cloze
from semtok.recommenders.full_ranking import rank_catalogue
from semtok.recommenders.sequences import Samples, Sequences
from semtok.recommenders.windows import Windows
from support.trainings import CONFIG

N_ITEMS, MAX_ITEMS = 40, 6
SIZE = {"n_layers": 2, "n_heads": 2, "hidden_dim": 16, "inner_dim": 24, "dropout": 0.0, "attention_dropout": 0.0}


def make_network(n_items=N_ITEMS, max_items=MAX_ITEMS, **changed):
    torch.manual_seed(2)
    options = SelfAttentionOptions(**{**SIZE, "activation": "gelu", "norm_first": False, **changed})
    network = BERT4RecNetwork(options, n_items, max_items)
    with torch.no_grad():  # away from zero biases and unit scales, so that a lost one shows
        for parameter in network.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    return network.eval()


def make_cloze(interactions, max_items=MAX_ITEMS, seed=0, **training):
    n_items = Sequences.from_interactions(interactions).n_items
    windows = Windows.from_interactions(make_network(n_items, max_items), interactions, max_items)
    options = BERT4RecTrainingOptions(**CONFIG["recommenders"]["bert4rec"]["training"] | training)
    return Cloze(windows, options, seed)


def torchs_encoder(network, norm_first):
    """The same blocks in torch's own class."""
    options = {"activation": "gelu", "batch_first": True, "norm_first": norm_first}
    encoder = nn.TransformerEncoder(
        nn.TransformerEncoderLayer(16, 2, 24, 0.0, **options), 2, enable_nested_tensor=False
    )
    names = {
        "self_attn.in_proj_": "attention.project_in.",
        "self_attn.out_proj.": "attention.project_out.",
        "linear1.": "feed_forward.widen.",
        "linear2.": "feed_forward.narrow.",
        "norm1.": "attention_norm.",
        "norm2.": "feed_forward_norm.",
    }
    for theirs, ours in zip(encoder.layers, network.layers.blocks, strict=True):
        state = ours.state_dict()
        theirs.load_state_dict({a + end: state[b + end] for a, b in names.items() for end in ("weight", "bias")})
    return encoder.eval()


@pytest.mark.parametrize("norm_first", [False, True])
def test_states_agree_with_torchs_encoder(norm_first):
    network = make_network(norm_first=norm_first)
    items = torch.randint(N_ITEMS, (5, MAX_ITEMS + 1))
    is_masked = torch.rand(items.shape) < 0.3
    real = torch.arange(MAX_ITEMS + 1) < torch.tensor([7, 1, 3, 6, 2])[:, None]
    with torch.no_grad():
        vectors = network.item.weight[items]
        vectors[is_masked] = network.mask
        vectors = vectors + network.layers.position.weight
        vectors = vectors if norm_first else network.layers.norm(vectors)
        expected = torchs_encoder(network, norm_first)(vectors, src_key_padding_mask=~real)
        expected = network.layers.norm(expected) if norm_first else expected
        found = network(items, is_masked, real)
    torch.testing.assert_close(found[real], expected[real], atol=1e-5, rtol=1e-4)


def test_scores_at_a_state_by_hand():
    network = make_network()
    state = torch.randn(16)
    widened = F.gelu(network.project.weight @ state + network.project.bias)
    normal = (widened - widened.mean()) / (widened.var(unbiased=False) + 1e-5).sqrt()
    normal = normal * network.norm.weight + network.norm.bias
    torch.testing.assert_close(network.scores_at(state[None])[0], network.item.weight @ normal + network.bias)
    assert network.state_dict()["item.weight"].shape == (N_ITEMS, 16)


def test_ranking_reads_a_history_and_a_mask_behind_it():
    """Of every length together, as of each alone: no padding and no later item reaches the scores."""
    network, sequences = make_network(), Sequences(np.arange(10, 10 + 8), np.array([0, 8]))
    samples = Samples(np.zeros(7, np.int64), np.arange(1, 8), np.zeros(7, np.int64))
    with torch.no_grad():
        found = network.scores(sequences.histories(samples, MAX_ITEMS))
        for position, scores in enumerate(found, 1):
            items = torch.arange(10, 10 + position)[-MAX_ITEMS:]
            read = F.pad(items, (0, 1), value=3)[None]  # whatever stands below the mask
            is_masked = (torch.arange(read.shape[1]) == len(items))[None]
            states = network(read, is_masked, torch.ones_like(is_masked))
            torch.testing.assert_close(scores, network.scores_at(states[0, -1:])[0])


def test_a_masked_item_cannot_be_seen_and_all_others_can():
    network = make_network()
    items = torch.randint(N_ITEMS, (1, MAX_ITEMS))
    is_masked = torch.tensor([[False, False, True, False, False, False]])
    with torch.no_grad():
        before = network(items, is_masked, torch.ones_like(is_masked))
        for step in range(MAX_ITEMS):
            changed = items.clone()
            changed[0, step] = (changed[0, step] + 1) % N_ITEMS
            after = network(changed, is_masked, torch.ones_like(is_masked))
            assert torch.equal(after, before) == (step == 2)


def users(*lengths):
    """Users of so many train records and one of `test`; items count up from 0."""
    rows = [(user, split) for user, n in enumerate(lengths) for split in ["train"] * n + ["test"]]
    table = pd.DataFrame(rows, columns=["user", "split"])
    return table.assign(item=range(len(table)))


def test_windows_are_read_to_their_last_item():
    """The train part of a user of 8 in windows of 5 items at most, the one that two have in common not masked twice."""
    cloze = make_cloze(users(8, 3), max_items=4, mask_ratio=0.999, last_item_ratio=0.0)
    cloze.start(1)
    batch = cloze.batch(np.arange(3))
    read = [row[real].tolist() for row, real in zip(batch.histories.items, batch.histories.real, strict=True)]
    assert read == [[0, 1, 2, 3], [3, 4, 5, 6, 7], [9, 10, 11]]
    masked = [row[chosen].tolist() for row, chosen in zip(batch.following, batch.is_learned, strict=True)]
    assert masked == [[1, 2, 3], [4, 5, 6, 7], [10, 11]]
    assert [cloze.predictions(np.array([row])) for row in range(3)] == [3, 4, 2]


def test_masks_are_as_many_as_asked_for_and_drawn_anew():
    cloze = make_cloze(users(*[60] * 40), max_items=20, mask_ratio=0.2, last_item_ratio=0.0)
    drawn = []
    for epoch in (1, 2, 1):
        cloze.start(epoch)
        drawn.append(cloze.batch(np.arange(len(cloze))))
    learned = sum(batch.is_learned.sum() for batch in drawn[:2]) / 2
    assert learned / (40 * 59) == pytest.approx(0.2, abs=0.02)
    assert cloze.predictions(np.arange(len(cloze))) == drawn[2].is_learned.sum()
    assert not np.array_equal(drawn[0].is_learned, drawn[1].is_learned)
    assert np.array_equal(drawn[0].is_learned, drawn[2].is_learned)
    other = make_cloze(users(*[60] * 40), max_items=20, seed=1, mask_ratio=0.2, last_item_ratio=0.0)
    assert not np.array_equal(other.batch(np.arange(len(other))).is_learned, drawn[0].is_learned)


def test_one_item_of_a_window_is_masked_at_least():
    cloze = make_cloze(users(*[9] * 30), mask_ratio=1e-9, last_item_ratio=0.0)
    found = []
    for epoch in range(1, 20):
        cloze.start(epoch)
        batch = cloze.batch(np.arange(len(cloze)))
        assert (batch.is_learned.sum(axis=1) == 1).all()
        found += batch.following[batch.is_learned].tolist()
    # Whichever; never the first of a user, nor one of test.
    assert {item % 10 for item in found} == set(range(1, 9))


def test_samples_of_the_last_item_see_what_ranking_sees():
    """What precedes an item, at most `max_items` of it also across windows, and nothing behind."""
    cloze = make_cloze(users(*[20] * 30), max_items=6, last_item_ratio=1.0)
    asked = []
    for epoch in range(1, 40):
        cloze.start(epoch)
        batch = cloze.batch(np.arange(len(cloze)))
        assert (batch.is_learned.sum(axis=1) == 1).all()
        assert cloze.predictions(np.arange(len(cloze))) == len(cloze)
        for items, real, chosen in zip(batch.following, batch.histories.real, batch.is_learned, strict=True):
            read, target = items[real], int(items[chosen][0])
            user, position = divmod(target, 21)
            assert read.tolist() == list(range(21 * user + max(0, position - 6), target + 1))
            asked.append(target)
    # Each window asks for each of its own items, none of test.
    assert set(asked) == {21 * user + item for user in range(30) for item in range(1, 20)}
    cloze = make_cloze(users(*[20] * 30), max_items=6, last_item_ratio=0.25)
    shares = []
    for epoch in range(20):
        cloze.start(epoch)
        shares.append(cloze.is_last.mean())
    assert np.mean(shares) == pytest.approx(0.25, abs=0.03)


def test_records_that_are_history_only_are_read_and_never_masked():
    interactions = pd.DataFrame({"user": [0] * 5, "item": range(5), "split": ["train", "context", *["train"] * 3]})
    for ratio in (0.0, 1.0):
        cloze = make_cloze(interactions, mask_ratio=0.9, last_item_ratio=ratio)
        found = set()
        for epoch in range(1, 30):
            cloze.start(epoch)
            batch = cloze.batch(np.array([0]))
            found |= set(batch.following[batch.is_learned].tolist())
        assert found == {2, 3, 4}


def test_loss_by_hand():
    """The sum over the masked steps of -log softmax(scores)[item], whatever group they go through the network in."""
    cloze = make_cloze(users(9, 4, 6), mask_ratio=0.4, last_item_ratio=0.5)
    model, rows, expected = cloze.windows.model, np.arange(len(cloze)), 0.0
    assert cloze.is_last.any()
    assert not cloze.is_last.all()
    for row in rows:
        batch = cloze.batch(np.array([row]))
        items, is_masked = torch.from_numpy(batch.histories.items), torch.from_numpy(batch.is_learned)
        scores = model.scores_at(model(items, is_masked, torch.ones_like(is_masked))[is_masked]).double()
        chances = scores.softmax(dim=1)[torch.arange(len(scores)), items[is_masked]]
        expected -= float(chances.log().sum().detach())
    assert float(cloze.backward(rows, cloze.predictions(rows))) == pytest.approx(expected, rel=1e-5)


def test_the_catalogue_is_ranked_in_float32_whatever_it_is_trained_in(monkeypatch):
    """In bfloat16, with eight bits of mantissa, many items would have the score of the target, and tie with it."""
    network = make_network()
    sequences = Sequences(np.append(np.arange(6), N_ITEMS - 1), np.array([0, 7]))
    sample = Samples(np.array([0]), np.array([5]), np.array([5]))
    expected = rank_catalogue(network, sequences, sample, MAX_ITEMS, 1, N_ITEMS)
    monkeypatch.setenv("SEMTOK_DTYPE", "bfloat16")
    found = rank_catalogue(network, sequences, sample, MAX_ITEMS, 1, N_ITEMS)
    assert found.top.tolist() == expected.top.tolist()
    assert (found.rank, found.pessimistic) == (expected.rank, expected.pessimistic)
