import numpy as np
import pandas as pd
import pytest
import torch

from semtok.recommenders.sequences import target_samples
from semtok.recommenders.t5 import T5
from semtok.recommenders.tiger_decoding import decode, load_decoder
from semtok.recommenders.vocabulary import Catalogue


def weights_for(options, codes):
    torch.manual_seed(1)
    model = T5(options.model, Catalogue.from_codes(codes, options.collisions).vocabulary.size)
    with torch.no_grad():
        model.embedding.weight *= 3
    return model.state_dict()


@pytest.fixture
def ranked(world, codes):
    interactions, targets = world

    def ranked(options, interactions=interactions, targets=targets, codes=codes, seed=0):
        return decode(options, weights_for(options, codes), codes, interactions, targets, seed)

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
    """methods.md 8.4: with the targets permuted, or gone from the interactions, the lists stay as they are."""
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
    _, facts = ranked(make_options(constraint="position", beam_size=20))
    assert 0 < facts["invalid_rate"] < 1
    assert ranked(make_options(beam_size=20))[1]["invalid_rate"] == 0


def test_exact_ranking_of_each_target(ranked, make_options, world, codes):
    options = make_options(beam_size=40)
    decoder = load_decoder(options, weights_for(options, codes), codes, world[0], 0)
    exact = decoder.rank_exactly(target_samples(world[1], "test", decoder.batches.sequences), 40)
    assert np.array_equal(exact.top, np.stack(ranked(options)[0]["top"]))
