import numpy as np
import pytest
import torch

from semtok.errors import SemtokError
from semtok.papers.metrics import read_ranks, user_metrics
from semtok.recommenders.item_ids import decode_over_ids, train_over_ids
from semtok.recommenders.item_model import ItemModel
from semtok.recommenders.sasrec import SASRecNetwork, decode
from semtok.recommenders.sequences import Sequences
from semtok.recommenders.task import RecommenderTask
from support.sasrec import N_ITEMS, make_options, planted


def random_network(options, scale=3.0):
    torch.manual_seed(1)
    network = SASRecNetwork(options.model, N_ITEMS, options.max_items)
    with torch.no_grad():
        network.item.weight *= scale
        network.layers.position.weight *= scale
    return network


def test_table_follows_the_contract(world, tmp_path):
    options = make_options(top=15)
    ranks, facts = decode(RecommenderTask(options, *world, seed=0), random_network(options).state_dict())
    targets = world[1][world[1]["split"] == "test"]
    assert ranks.columns.tolist() == ["target", "user", "item", "rank", "top"]
    assert ranks[["target", "item"]].to_numpy().tolist() == targets[["target", "item"]].to_numpy().tolist()
    assert [str(kind) for kind in ranks.dtypes[:4]] == ["int32", "int32", "int32", "Int32"]
    assert {len(top) for top in ranks["top"]} == {15}
    assert {kind.dtype for kind in ranks["top"]} == {np.dtype("int32")}
    assert ranks["rank"].between(1, N_ITEMS).all()
    assert (ranks["rank"] > 15).any()
    assert facts == {"targets": 30, "scored_items": N_ITEMS, "tied_targets": 0.0, "unlearned_targets": 0.0}
    ranks.to_parquet(tmp_path / "ranks.parquet")
    assert len(user_metrics(read_ranks(tmp_path / "ranks.parquet"), [5, 15]).means()) == 4


@pytest.mark.parametrize("max_items", [2, 5, 50])
def test_ranking_agrees_with_one_history_at_a_time(world, max_items):
    """Many targets a user, some of which share a pass, and histories that are cut."""
    interactions = world[0]
    options = make_options(max_items, top=N_ITEMS)
    every = interactions.assign(position=interactions.groupby("user").cumcount(), split="test")
    targets = every[every["position"] > 0].assign(target=lambda frame: np.arange(len(frame))[::-1])
    targets = targets.sample(frac=1, random_state=0)
    network = random_network(options).eval()
    ranks, _ = decode(RecommenderTask(options, interactions, targets, seed=0), network.state_dict())
    for row, target in zip(ranks.itertuples(), targets.itertuples(), strict=True):
        history = interactions.loc[interactions["user"] == target.user, "item"].to_numpy()[: target.position]
        with torch.no_grad():
            states = network(torch.from_numpy(history[-max_items:].astype(np.int64))[None])
            scores = network.scores_after(states[0, -1:])[0].numpy()
        order = np.lexsort((np.arange(N_ITEMS), -scores))
        assert row.top.tolist() == order.tolist()
        assert row.rank == order.tolist().index(target.item) + 1


def test_a_target_never_enters_its_history(world):
    interactions, targets = world
    options = make_options(top=N_ITEMS)
    state = random_network(options).state_dict()
    expected, _ = decode(RecommenderTask(options, interactions, targets, seed=0), state)
    blanked = interactions.copy()
    blanked.loc[blanked["split"] == "test", "item"] = 0
    permuted = targets.assign(item=np.random.default_rng(0).permutation(targets["item"]).astype("int32"))
    found, _ = decode(RecommenderTask(options, blanked, permuted, seed=0), state)
    assert np.array_equal(np.stack(found["top"]), np.stack(expected["top"]))
    # The valid record is history of the test target.
    blanked.loc[blanked["split"] == "valid", "item"] = 0
    moved, _ = decode(RecommenderTask(options, blanked, targets, seed=0), state)
    assert not np.array_equal(np.stack(moved["top"]), np.stack(expected["top"]))


def test_ties_are_counted(world):
    """With vectors of zero all scores are equal: items rank by id, and pessimistically all last."""
    options = make_options(top=3)
    state = random_network(options, scale=0.0).state_dict()
    ranks, facts = decode(RecommenderTask(options, *world, seed=0), state)
    assert ranks["rank"].tolist() == (ranks["item"] + 1).tolist()
    assert {tuple(top) for top in ranks["top"]} == {(0, 1, 2)}
    assert facts["tied_targets"] == (ranks["item"] < N_ITEMS - 1).mean()


def test_targets_that_nothing_was_learned_of_are_counted(world):
    interactions, targets = world
    interactions = interactions.copy()
    (user,) = targets.loc[targets["split"] == "test", "user"].head(1)
    last = interactions.index[interactions["user"] == user][-1]
    interactions.loc[last, "item"] = N_ITEMS
    targets = targets.copy()
    targets.loc[(targets["user"] == user) & (targets["split"] == "test"), "item"] = N_ITEMS
    options = make_options()
    network = SASRecNetwork(options.model, N_ITEMS + 1, 5)
    _, facts = decode(RecommenderTask(options, interactions, targets, seed=0), network.state_dict())
    assert facts["unlearned_targets"] == pytest.approx(1 / 30)
    assert facts["scored_items"] == N_ITEMS + 1


def test_scores_that_are_not_numbers_are_an_error(world):
    options = make_options()
    state = random_network(options).state_dict() | {"layers.position.weight": torch.full((5, 16), torch.nan)}
    with pytest.raises(SemtokError, match="not numbers"):
        decode(RecommenderTask(options, *world, seed=0), state)


def test_users_of_one_beginning_share_a_pass(world, monkeypatch):
    """A user's targets within the first `max_items` items cost one pass, not one each."""
    interactions = world[0]
    every = interactions.assign(position=interactions.groupby("user").cumcount(), split="test")
    targets = every[every["position"] > 0].assign(target=range(len(every) - 30))
    passes = []
    histories = Sequences.histories

    def counted(self, samples, max_items):
        passes.extend(samples.user.tolist())
        return histories(self, samples, max_items)

    monkeypatch.setattr(Sequences, "histories", counted)
    options = make_options(50)
    decode(RecommenderTask(options, interactions, targets, seed=0), random_network(options).state_dict())
    assert sorted(passes) == list(range(30))


class MarkovChain(ItemModel):
    """A whole recommender: the next item depends on the last one alone. It says nothing of sharing passes."""

    def __init__(self, n_items):
        super().__init__()
        self.transitions = torch.nn.Embedding(n_items, n_items)

    def loss(self, windows):
        is_learned = self.tensor(windows.is_learned)
        scores = self.transitions(self.tensor(windows.histories.items)[is_learned])
        return torch.nn.functional.cross_entropy(scores, self.tensor(windows.following)[is_learned], reduction="sum")

    def scores(self, histories):
        last = np.take_along_axis(histories.items, histories.lengths[:, None] - 1, axis=1)
        return self.transitions(self.tensor(last[:, 0]))


def test_a_model_with_a_loss_and_scores_is_a_recommender(tmp_path):
    interactions, targets = planted()
    options = make_options(epochs=20, learning_rate=0.1, validation_every=10)
    task = RecommenderTask(options, interactions, targets, seed=0)

    def build(task):
        return MarkovChain(task.sequences.n_items)

    weights, history = train_over_ids(task, tmp_path / "checkpoint.pt", "chain", build)
    assert history["ndcg@10"].iloc[-1] > 0.95
    ranks, facts = decode_over_ids(task, weights, build)
    assert (ranks["rank"] == 1).mean() > 0.95
    assert facts["scored_items"] == len(weights["transitions.weight"])
    for top, item in zip(ranks["top"], ranks["item"], strict=True):
        # The item before the target, as users go round the catalogue.
        scores = weights["transitions.weight"][(item - 1) % 24]
        assert top.tolist() == scores.argsort(descending=True)[: len(top)].tolist()


def test_a_pass_of_its_own_for_each_history_ranks_the_same(world):
    options = make_options(3, top=N_ITEMS)
    network = random_network(options)

    class Apart(ItemModel):
        def __init__(self):
            super().__init__()
            self.network = network

        def loss(self, windows):
            return self.network.loss(windows)

        def scores(self, histories):
            return self.network.scores(histories)

    task = RecommenderTask(options, *world, seed=0)
    shared, _ = decode(task, network.state_dict())
    apart, _ = decode_over_ids(task, Apart().state_dict(), lambda task: Apart())
    assert np.array_equal(np.stack(apart["top"]), np.stack(shared["top"]))
    assert apart["rank"].tolist() == shared["rank"].tolist()
