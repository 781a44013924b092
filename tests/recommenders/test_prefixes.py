import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from semtok.config.over_codes import T5Options
from semtok.recommenders.batching import Batches
from semtok.recommenders.grouping import Capacity
from semtok.recommenders.prefixes import EveryTarget, Prefixes
from semtok.recommenders.sequences import Sequences, train_samples
from semtok.recommenders.t5 import T5
from semtok.recommenders.vocabulary import EOS, ItemTokens

OPTIONS = T5Options(
    encoder="causal",
    n_layers=2,
    d_model=16,
    d_ff=32,
    n_heads=2,
    d_kv=8,
    dropout=0.0,
    relative_attention_buckets=8,
    relative_attention_max_distance=20,
)


def table(*users):
    """Interactions from a text a user: a letter an interaction (t, v, T, c); items count up from 0."""
    splits = {"t": "train", "v": "valid", "T": "test", "c": "context"}
    rows = [(user, splits[letter]) for user, letters in enumerate(users) for letter in letters]
    frame = pd.DataFrame(rows, columns=["user", "split"])
    return frame.assign(item=np.arange(len(frame)))


def of(kind, interactions, max_items, user_tokens=0, **arguments):
    """Prefixes or windows of the interactions, with a model whose weights are always the same."""
    n_items = int(interactions["item"].max()) + 1
    codes = np.stack([np.arange(n_items) // 3, np.arange(n_items) % 3], axis=1)
    catalogue = ItemTokens.from_codes(codes, "expand", user_tokens)
    torch.manual_seed(0)
    model = T5(OPTIONS, catalogue.vocabulary.size)
    batches = Batches(Sequences.from_interactions(interactions), catalogue, max_items, torch.device("cpu"))
    return kind(model, batches, train_samples(interactions), **arguments)


class Recording(torch.nn.Module):
    """Takes the place of the model and keeps what it is given."""

    def __init__(self):
        super().__init__()
        self.calls = []
        self.weight = torch.nn.Parameter(torch.zeros(()))

    def every_target(self, source, target, seen):
        self.calls.append((source, target, seen))
        return self.weight * 0


def learned(windows):
    """(history, item) of every target of an epoch, as items, from the tensors that the model is given."""
    model = Recording()
    windows.model = model
    windows.backward(np.arange(len(windows)), 1)
    tokens = [tuple(row) for row in windows.batches.tokens.tolist()]
    found = []
    for source, target, seen in model.calls:
        for row, targets, counts in zip(source.tolist(), target.tolist(), seen.tolist(), strict=True):
            for (_, *codes), count in zip(targets, counts, strict=True):
                if count:
                    history = [tokens.index(tuple(row[at : at + 2])) for at in range(0, count, 2)]
                    found.append((history, tokens.index(tuple(codes))))
    return found


LETTERS = st.text("tc", min_size=1, max_size=30).filter(lambda letters: "t" in letters[1:])


@given(st.lists(LETTERS, min_size=1, max_size=5), st.integers(1, 9), st.integers(1, 4))
def test_every_train_record_with_a_past_is_a_target_once_in_every_epoch(users, max_items, epoch):
    """Its history is what came directly before it, and nothing that is held out."""
    interactions = table(*(letters + "vT" for letters in users))
    windows = of(EveryTarget, interactions, max_items, seed=3)
    windows.start(epoch)
    found = learned(windows)
    expected = interactions.index[(interactions["split"] == "train") & interactions["user"].duplicated()]
    assert sorted(item for _, item in found) == expected.tolist()
    assert windows.predictions(np.arange(len(windows))) == len(expected)
    for history, item in found:
        assert history == list(range(item - len(history), item))
        assert 1 <= len(history) <= max_items
        assert set(interactions.loc[[*history, item], "user"]) == {interactions.loc[item, "user"]}


def test_short_users_have_one_window_with_all_that_came_before():
    found = learned(of(EveryTarget, table("ttttt", "ttvT"), 5, seed=0))
    assert sorted(found) == [([0], 1), ([0, 1], 2), ([0, 1, 2], 3), ([0, 1, 2, 3], 4), ([5], 6)]


def test_windows_of_long_users_are_cut_elsewhere_in_every_epoch():
    windows = of(EveryTarget, table("t" * 41), 4, seed=0)
    lengths = set()
    for epoch in range(1, 30):
        windows.start(epoch)
        lengths |= {len(history) for history, item in learned(windows) if item == 20}
    assert lengths == {1, 2, 3, 4}
    windows.start(7)
    first = windows.first_target.copy()
    windows.start(8)
    assert not np.array_equal(first, windows.first_target)
    windows.start(7)
    assert np.array_equal(first, windows.first_target)


def without_eos(prefixes):
    """The prefixes' loss over the codes alone, as the windows have it."""
    target = prefixes.batches.target
    prefixes.batches.target = lambda items: target(items)[..., :-1]
    return prefixes


@pytest.mark.parametrize("user_tokens", [0, 3])
@pytest.mark.parametrize("capacity", [Capacity(1, 1), Capacity(70, 30), Capacity(10**6, 10**6)])
def test_one_pass_teaches_what_the_prefixes_teach_one_by_one(capacity, user_tokens):
    """With a causal encoder and equal histories the loss and all gradients are the same."""
    interactions = table("tttttt", "cctt", "ttt")
    prefixes = without_eos(of(Prefixes, interactions, 8, user_tokens))
    windows = of(EveryTarget, interactions, 8, user_tokens, seed=0)
    windows.batches.capacity = capacity
    rows = np.arange(len(prefixes))
    expected = prefixes.backward(rows, len(rows))
    found = windows.backward(np.arange(len(windows)), windows.predictions(np.arange(len(windows))))
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    for (name, first), second in zip(prefixes.model.named_parameters(), windows.model.parameters(), strict=True):
        torch.testing.assert_close(second.grad, first.grad, rtol=1e-4, atol=1e-6, msg=name)


def test_the_users_token_stands_first():
    windows = of(EveryTarget, table("ttt", "ttt", "ttt", "ttt"), 5, user_tokens=3, seed=0)
    vocabulary = windows.batches.vocabulary
    source = windows.batches.source(windows.targets).source
    assert source[:, 0].tolist() == [vocabulary.size - 3 + user % 3 for user in windows.targets.user]
    assert EOS < source[:, 1:].max() < vocabulary.size - 3
