import numpy as np
import pandas as pd
import pytest
import torch

from semtok.errors import ConfigError, DataError, SemtokError
from semtok.recommenders.batching import Batches
from semtok.recommenders.grouping import Capacity
from semtok.recommenders.item_codes import Decoder, generate
from semtok.recommenders.sequences import Samples, Sequences, target_samples
from semtok.recommenders.t5 import T5
from semtok.recommenders.task import RecommenderTask
from semtok.recommenders.tiger import build, decode, train
from semtok.recommenders.trie import Positions, Trie
from semtok.recommenders.vocabulary import ItemTokens

CPU = torch.device("cpu")


@pytest.fixture
def run(world, codes, tmp_path):
    def run(options, interactions=world[0], targets=world[1], seed=0, codes=codes, name="run"):
        return train(RecommenderTask(options, interactions, targets, seed, codes), tmp_path / f"{name}.pt", name)

    return run


def without_validation(targets):
    return targets[targets["split"] == "test"]


@pytest.mark.parametrize("trained_on", ["last", "every"])
def test_held_out_items_do_not_reach_the_weights(run, make_options, world, trained_on):
    interactions, targets = world
    changed = interactions.copy()
    held_out = changed["split"].isin(["valid", "test"])
    changed.loc[held_out, "item"] = (changed.loc[held_out, "item"] + 13) % 40
    other_targets = targets.assign(item=(targets["item"] + 13) % 40)
    options = make_options(targets=trained_on, epochs=3)
    weights, history = run(options, targets=without_validation(targets), name="a")
    other_weights, other_history = run(options, changed, without_validation(other_targets), name="b")
    assert all(torch.equal(weight, other_weights[name]) for name, weight in weights.items())
    pd.testing.assert_frame_equal(history, other_history, check_exact=True)
    _, validated = run(options, changed, other_targets, name="c")
    assert validated["loss"].tolist() == history["loss"].tolist()
    _, moved = run(options, interactions.assign(item=changed["item"].to_numpy()[::-1]), targets, name="d")
    assert moved["loss"].tolist() != history["loss"].tolist()


def test_test_targets_do_not_choose_the_checkpoint(run, make_options, world):
    _, targets = world
    other = targets.copy()
    other.loc[other["split"] == "test", "item"] = 0
    options = make_options(epochs=3)
    (weights, _), (other_weights, _) = run(options, name="a"), run(options, targets=other, name="b")
    assert all(torch.equal(weight, other_weights[name]) for name, weight in weights.items())


def test_training_does_not_read_the_decoding_options(run, make_options):
    first, second = make_options(), make_options(beam_size=3, constraint="position", renormalize=True)
    (weights, _), (other, _) = run(first, name="a"), run(second, name="b")
    assert all(torch.equal(weight, other[name]) for name, weight in weights.items())


@pytest.mark.parametrize("targets", ["last", "every"])
@pytest.mark.parametrize("collisions", ["suffix", "expand"])
def test_a_simple_world_is_learned(run, make_options, collisions, targets):
    """Every user goes round 24 items, so that the next item is a function of the last one."""
    rows = [(user, (user + step) % 24, step, "train") for user in range(72) for step in range(4 + user % 5)]
    interactions = pd.DataFrame(rows, columns=["user", "item", "timestamp", "split"])
    last = interactions.groupby("user").tail(1).index
    interactions.loc[last, "split"] = "test"
    interactions.loc[last - 1, "split"] = "valid"
    held_out = interactions[interactions["split"] != "train"].reset_index(names="row")
    held_out = held_out.assign(target=np.arange(len(held_out)), position=held_out["timestamp"])
    codes = np.stack(np.divmod(np.arange(24), 6), axis=1).astype(np.int32)
    epochs = {"last": 30, "every": 100}[targets]  # about as many steps
    options = make_options(collisions, targets=targets, epochs=epochs, validation_every=epochs, validation_users=None)
    weights, history = run(options, interactions, held_out, codes=codes)
    assert history["recall@10"].dropna().index.tolist() == [epochs - 1]
    table, _ = decode(RecommenderTask(options, interactions, held_out, 0, codes), weights)
    assert len(table) == 72
    assert (table["rank"] == 1).fillna(False).mean() > 0.8


def test_bfloat16_learns_and_ranks_nearly_the_same(run, make_options, world, codes, monkeypatch):
    options = make_options(epochs=4, beam_size=40)
    weights, history = run(options, name="float32")
    table, _ = decode(RecommenderTask(options, *world, 0, codes), weights)
    monkeypatch.setenv("SEMTOK_DTYPE", "bfloat16")
    other_weights, other_history = run(options, name="bfloat16")
    assert {weight.dtype for weight in other_weights.values()} == {torch.float32}
    assert not all(torch.equal(weight, other_weights[name]) for name, weight in weights.items())
    assert other_history["loss"].tolist() == pytest.approx(history["loss"].tolist(), rel=0.02)
    other_table, _ = decode(RecommenderTask(options, *world, 0, codes), weights)
    shifts = np.stack(other_table["rank"]) - np.stack(table["rank"])
    assert np.abs(shifts).mean() < 2


def test_too_narrow_a_validation_beam_is_refused(run, make_options):
    with pytest.raises(ConfigError, match="validation_beam_size: 5; expected at least 10"):
        run(make_options(validation_beam_size=5))


def test_samples_per_epoch_shortens_epochs(run, make_options):
    _, history = run(make_options(samples_per_epoch=20, epochs=3))
    assert history["steps"].tolist() == [2, 4, 6]


def test_codes_are_needed(world, make_options, tmp_path):
    with pytest.raises(DataError, match="codes: found none"):
        train(RecommenderTask(make_options(), *world, seed=0), tmp_path / "run.pt", "run")


@pytest.fixture
def setting(model_options, codes, world):
    interactions, targets = world

    def make(collisions):
        catalogue = ItemTokens.from_codes(codes, collisions)
        torch.manual_seed(2)
        model = T5(model_options, catalogue.vocabulary.size)
        with torch.no_grad():
            model.embedding.weight *= 3
        batches = Batches(Sequences.from_interactions(interactions), catalogue, 5, CPU)
        return model, batches, target_samples(targets, "test", batches.sequences), catalogue, Trie(catalogue, CPU)

    return make


def test_lists_do_not_depend_on_the_batches(setting):
    model, batches, samples, _, trie = setting("suffix")
    whole = generate(model, batches, samples, trie, trie, 8, 1000, seed=0).top
    assert whole.shape == (30, 8)
    assert len(np.unique(whole, axis=0)) > 5
    assert np.array_equal(whole, generate(model, batches, samples, trie, trie, 8, 3, seed=0).top)
    batches.capacity = Capacity(31, 6)
    assert np.array_equal(whole, generate(model, batches, samples, trie, trie, 8, 1000, seed=0).top)
    order = np.random.default_rng(0).permutation(len(samples))
    assert np.array_equal(whole[order], generate(model, batches, samples.take(order), trie, trie, 8, 7, seed=0).top)


def test_a_training_model_is_decoded_without_dropout_and_goes_on_training(setting):
    model, batches, samples, _, trie = setting("suffix")
    model.train()
    before = torch.get_rng_state()
    first = generate(model, batches, samples, trie, trie, 8, 1000, seed=0).top
    assert np.array_equal(first, generate(model, batches, samples, trie, trie, 8, 1000, seed=0).top)
    assert model.training
    assert torch.equal(before, torch.get_rng_state())


def test_the_target_is_never_read(setting):
    model, batches, samples, _, trie = setting("suffix")
    blanked = Samples(samples.user, samples.position, np.full(len(samples), -(10**9)))
    assert np.array_equal(
        generate(model, batches, samples, trie, trie, 8, 5, seed=0).top,
        generate(model, batches, blanked, trie, trie, 8, 5, seed=0).top,
    )


def test_expanded_lists_hold_items_once_and_follow_the_seed(setting, codes):
    model, batches, samples, _, trie = setting("expand")
    first = generate(model, batches, samples, trie, trie, 20, 5, seed=0).top
    assert all(len(set(row)) == 20 for row in first.tolist())
    assert np.array_equal(first, generate(model, batches, samples, trie, trie, 20, 3, seed=0).top)
    second = generate(model, batches, samples, trie, trie, 20, 5, seed=1).top
    assert not np.array_equal(first, second)
    tuples = [tuple(map(tuple, codes[row])) for row in first]
    assert tuples == [tuple(map(tuple, codes[row])) for row in second]


def test_invalid_rate_counts_what_does_not_exist(setting):
    model, batches, samples, catalogue, trie = setting("suffix")
    positions = Positions(catalogue, trie, CPU)
    everything = positions.n_prefixes(3)
    generated = generate(model, batches, samples, positions, trie, everything, 10, seed=0)
    assert generated.invalid_rate == pytest.approx(1 - len(catalogue.tokens) / everything)
    assert (generated.top >= 0).sum() == len(samples) * len(catalogue.tokens)
    assert (generated.top[:, : len(catalogue.tokens)] >= 0).all()
    assert generate(model, batches, samples, trie, trie, 8, 10, seed=0).invalid_rate == 0


def test_weights_that_are_not_numbers_are_refused(setting):
    model, batches, samples, _, trie = setting("suffix")
    with torch.no_grad():
        model.decoder_norm.weight.fill_(torch.nan)
    with pytest.raises(SemtokError, match="not numbers"):
        generate(model, batches, samples, trie, trie, 8, 10, seed=0)


def weights_for(options, codes):
    torch.manual_seed(1)
    model = T5(options.model, ItemTokens.from_codes(codes, options.collisions).vocabulary.size)
    with torch.no_grad():
        model.embedding.weight *= 3
    return model.state_dict()


@pytest.fixture
def ranked(world, codes):
    interactions, targets = world

    def ranked(options, interactions=interactions, targets=targets, codes=codes, seed=0):
        return decode(RecommenderTask(options, interactions, targets, seed, codes), weights_for(options, codes))

    return ranked


def test_table_follows_the_contract(ranked, make_options, world, tmp_path):
    table, facts = ranked(make_options(beam_size=15))
    targets = world[1][world[1]["split"] == "test"]
    assert table.columns.tolist() == ["target", "user", "item", "rank", "top"]
    assert table["target"].tolist() == targets["target"].tolist()
    assert table["item"].tolist() == targets["item"].tolist()
    assert [str(kind) for kind in table.dtypes[:4]] == ["int32", "int32", "int32", "Int32"]
    for row in table.itertuples():
        assert len(row.top) == 15
        found = np.flatnonzero(row.top == row.item)
        assert (found[0] + 1 == row.rank) if len(found) else pd.isna(row.rank)
    assert table["rank"].notna().any()
    assert table["rank"].isna().any()
    assert facts["targets"] == 30
    table.to_parquet(tmp_path / "ranks.parquet")
    read = pd.read_parquet(tmp_path / "ranks.parquet")
    assert read["top"].iloc[0].dtype == np.int32
    assert str(read["rank"].dtype) == "Int32"


def test_target_items_never_reach_the_decoder(ranked, make_options, world):
    """With the targets permuted, or gone from the interactions, the lists stay as they are."""
    interactions, targets = world
    options = make_options()
    expected, _ = ranked(options)
    permuted = targets.copy()
    test = permuted["split"] == "test"
    permuted.loc[test, "item"] = np.random.default_rng(0).permutation(permuted.loc[test, "item"])
    blanked = interactions.copy()
    blanked.loc[blanked["split"] == "test", "item"] = 0
    found, _ = ranked(options, blanked, permuted)
    assert found["item"].tolist() != expected["item"].tolist()
    assert np.array_equal(np.stack(found["top"]), np.stack(expected["top"]))


def test_the_history_is_read(ranked, make_options, world):
    interactions, _ = world
    changed = interactions.assign(item=(interactions["item"] + 1) % 40)
    assert not np.array_equal(
        np.stack(ranked(make_options())[0]["top"]), np.stack(ranked(make_options(), changed)[0]["top"])
    )


def test_hits_are_items_not_tuples(ranked, make_options, world, codes):
    """Items of one tuple have ranks of their own: told apart by a suffix, else one after the other."""
    _, targets = world
    group = np.flatnonzero((codes == codes[0]).all(axis=1))
    assert len(group) > 1
    for collisions in ("suffix", "expand"):
        ranks = []
        for item in group:
            aimed = targets.assign(item=np.int32(item))
            ranks.append(ranked(make_options(collisions, beam_size=40), targets=aimed)[0]["rank"].to_numpy(np.int64))
        by_target = np.stack(ranks)
        assert all(len(set(column)) == len(group) for column in by_target.T.tolist())
        if collisions == "expand":
            assert (by_target.max(axis=0) - by_target.min(axis=0) == len(group) - 1).all()


def test_every_item_of_the_catalogue_can_be_found(ranked, make_options):
    for collisions in ("suffix", "expand"):
        table, _ = ranked(make_options(collisions, beam_size=40))
        assert all(sorted(top) == list(range(40)) for top in table["top"])


def test_a_beam_of_the_whole_catalogue_is_certified(ranked, make_options):
    _, facts = ranked(make_options(beam_size=40, certify_users=8))
    assert facts["certified_targets"] == 8
    assert facts["overlap@20"] == 1.0
    assert facts["beam_recall@1"] == facts["exhaustive_recall@1"]


def test_a_narrow_beam_is_caught(ranked, make_options):
    _, facts = ranked(make_options(beam_size=2, certify_users=30))
    assert 0 < facts["overlap@20"] <= 2 / 20 + 1e-9


def test_soft_constraint_wastes_places(ranked, make_options):
    _, facts = ranked(make_options(constraint="position", beam_size=20, certify_users=8))
    assert 0 < facts["invalid_rate"] < 1
    # The best of the catalogue are not the best of what it searches.
    assert "overlap@20" not in facts
    assert ranked(make_options(beam_size=20))[1]["invalid_rate"] == 0


def test_exact_ranking_of_each_target(ranked, make_options, world, codes):
    options = make_options(beam_size=40)
    decoder = Decoder.load(RecommenderTask(options, *world, 0, codes), weights_for(options, codes), build)
    exact = decoder.rank_exactly(target_samples(world[1], "test", decoder.batches.sequences), 40)
    assert np.array_equal(exact.top, np.stack(ranked(options)[0]["top"]))
