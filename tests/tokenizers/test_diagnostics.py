import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import mutual_info_score
from sklearn.metrics.cluster import contingency_matrix

from semtok.tokenizers.diagnostics import (
    between_levels,
    diagnose,
    duplicates,
    gini,
    map_tiles,
    of_repair,
    purity,
    vector_ids,
)
from semtok.tokenizers.measures import entropy, prefix_ids

# Six items: tuples (0,0) twice, (0,1), (1,0) three times.
CODES = np.array([[0, 0], [0, 0], [0, 1], [1, 0], [1, 0], [1, 0]], dtype=np.int32)
ANY_CODES = st.tuples(st.integers(1, 30), st.integers(1, 4)).flatmap(
    lambda shape: arrays(np.int32, shape, elements=st.integers(0, 3))
)


def test_a_repair_stands_beside_the_raw_codes():
    repaired = CODES.copy()
    repaired[[1, 4], 1] = 2
    found = of_repair(CODES, repaired)["repair"]
    # Raw: 3 tuples of 6 items. Repaired: (0,0), (0,2), (0,1), (1,0) twice, (1,2).
    assert found["repaired_items"] == 2
    assert found["unique"] == 5
    assert found["collision_rate"] == pytest.approx(1 / 6)
    assert found["largest_group"] == 2
    assert of_repair(CODES, CODES) == {}


def test_use_of_a_level_by_hand():
    level = diagnose(CODES, [4, 4])["levels"][1]
    # Five items of code 0, one of code 1, none of codes 2 and 3.
    entropy = -(5 / 6 * math.log(5 / 6) + 1 / 6 * math.log(1 / 6))
    assert level == {
        "codebook_size": 4,
        "utilisation": 0.5,
        "entropy": pytest.approx(entropy),
        "perplexity": pytest.approx(math.exp(entropy)),
        "perplexity_share": pytest.approx(math.exp(entropy) / 4),
        # Counts 0, 0, 1, 5: sum of |differences| over ordered pairs is 2 (1 + 5 + 1 + 5 + 4) = 32; / (2 * 4 * 6).
        "gini": pytest.approx(32 / 48),
        "max_share": pytest.approx(5 / 6),
    }


def test_tuples_by_hand():
    entropy = -(2 / 6 * math.log(2 / 6) + 1 / 6 * math.log(1 / 6) + 3 / 6 * math.log(3 / 6))
    assert diagnose(CODES)["tuples"] == {
        "unique": 3,
        "collision_rate": 0.5,
        "colliding_item_rate": pytest.approx(5 / 6),
        "largest_group": 3,
        "joint_entropy": pytest.approx(entropy),
        "joint_entropy_share": pytest.approx(entropy / math.log(6)),
    }


def test_prefixes_by_hand():
    first, second = diagnose(CODES)["prefixes"]
    assert first == {
        "depth": 1,
        "prefixes": 2,
        "conditional_entropy": pytest.approx(math.log(2)),
        "branching": 2,
        "largest_group": 3,
    }
    # Given code 0 (half of the items) the second is 0, 0, 1; given code 1 it is certain.
    within = -(2 / 3 * math.log(2 / 3) + 1 / 3 * math.log(1 / 3))
    assert second["conditional_entropy"] == pytest.approx(0.5 * within)
    assert second["branching"] == 1.5


@given(ANY_CODES)
def test_identities_of_information(codes):
    result = diagnose(codes)
    joint = result["tuples"]["joint_entropy"]
    conditional = [row["conditional_entropy"] for row in result["prefixes"]]
    assert sum(conditional) == pytest.approx(joint, abs=1e-9)
    prefixes = prefix_ids(codes)
    for level in range(1, codes.shape[1]):
        # I(c_l; c_<l) = H(c_l) - H(c_l | c_<l)
        information = mutual_info_score(codes[:, level], prefixes[:, level - 1])
        assert result["levels"][level]["entropy"] - conditional[level] == pytest.approx(information, abs=1e-9)
    assert result["tuples"]["colliding_item_rate"] >= result["tuples"]["collision_rate"]
    assert math.prod(row["branching"] for row in result["prefixes"]) == pytest.approx(result["tuples"]["unique"])


@given(ANY_CODES)
def test_mutual_information_is_that_of_scikit_learn(codes):
    rows = between_levels(codes)
    assert len(rows) == math.comb(codes.shape[1], 2)
    for row in rows:
        expected = mutual_info_score(codes[:, row["first"] - 1], codes[:, row["second"] - 1])
        assert row["mutual_information"] == pytest.approx(expected, abs=1e-9)


def test_independent_levels_tell_of_each_other_what_chance_does():
    random = np.random.default_rng(0)
    one, two = random.integers(40, size=(2, 2000)).astype(np.int32)
    independent, copied, second_copied = between_levels(np.column_stack([one, two, one]))
    # Counts of 2,000 items in 1,600 pairs of codes: far above zero, although nothing is shared.
    assert independent["mutual_information"] > 0.3
    assert abs(independent["excess_share"]) < 0.02
    assert copied["mutual_information"] == pytest.approx(entropy(np.bincount(one)))
    assert copied["excess_share"] == pytest.approx(1 - copied["by_chance"] / copied["mutual_information"])
    assert copied["excess_share"] > 0.8
    assert abs(second_copied["excess_share"]) < 0.02


def test_gini_at_its_ends():
    assert gini(np.array([3, 3, 3])) == pytest.approx(0)
    assert gini(np.array([0, 0, 0, 9])) == pytest.approx(3 / 4)


@given(arrays(np.int64, st.integers(1, 12), elements=st.integers(0, 20)).filter(np.any))
def test_gini_is_the_mean_difference(counts):
    differences = np.abs(counts[:, None] - counts[None]).sum()
    assert gini(counts) == pytest.approx(differences / (2 * len(counts) * counts.sum()), abs=1e-12)


def test_equal_vectors_have_equal_numbers():
    vectors = np.array([[1, 2], [0.0, 1], [1, 2], [np.nan, 1], [-0.0, 1], [np.nan, np.nan], [1, 3]], dtype=np.float32)
    ids = vector_ids(vectors)
    assert ids[0] == ids[2]
    assert ids[1] == ids[4]
    assert ids[3] == ids[5]
    assert len(set(ids.tolist())) == 4


def test_true_duplicates_are_no_quantizer_collisions():
    # Items 0, 1 have one vector and one tuple; items 3, 4 have two vectors and one tuple; item 2 is alone.
    result = duplicates(np.array([7, 7, 5, 6, 6]) - 5, np.array([0, 0, 1, 2, 3]))
    # Four distinct pairs of vector and tuple, three tuples.
    assert result == {
        "unique_vectors": 4,
        "duplicate_item_rate": 0.4,
        "quantizer_collision_rate": 0.25,
        "quantizer_colliding_item_rate": 0.4,
        "split_duplicate_rate": 0,
    }


def test_duplicates_with_different_tuples_are_split():
    result = duplicates(np.array([0, 1, 2]), np.array([0, 0, 1]))
    assert result["split_duplicate_rate"] == pytest.approx(1 / 3)
    assert result["quantizer_collision_rate"] == 0


def test_purity_by_hand():
    # Prefix 0: a, a, b; prefix 1: b, b, and an item of unknown category.
    rows = purity(prefix_ids(CODES), pd.Series(["a", "a", "b", "b", "b", None]))
    assert [row["depth"] for row in rows] == [0, 1, 2]
    assert rows[0]["purity"] == pytest.approx(3 / 5)
    assert rows[1]["purity"] == pytest.approx(4 / 5)
    # Tuples: (a, a), (b), (b, b): pure, one of them alone.
    by_chance = rows[2].pop("by_chance")
    assert rows[2] == {"depth": 2, "purity": 1, "purity_of_shared": 1, "items_in_shared": 4}
    # Of prefix 0 two are together: a, a in one deal of three, else a, b. So 1 or 3/4, and 5/6 in the mean.
    assert 3 / 4 <= by_chance < 1
    assert rows[0]["by_chance"] is None


def test_levels_without_meaning_are_as_pure_as_chance():
    """Small prefixes are purer than large ones whatever the codes are, so rising purity alone says nothing."""
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 40, 4000)
    codes = np.column_stack([labels // 2, *generator.integers(0, 24, (2, 4000))]).astype(np.int32)
    rows = purity(prefix_ids(codes), pd.Series(labels))
    found = [row["purity_of_shared"] for row in rows]
    assert found == sorted(found)
    assert found[1] > rows[1]["by_chance"] + 0.3
    assert found[2] == pytest.approx(rows[2]["by_chance"], abs=0.02)
    assert found[3] == pytest.approx(rows[3]["by_chance"], abs=0.06)


@given(ANY_CODES, st.data())
def test_purity_against_the_contingency_matrix(codes, data):
    labels = data.draw(arrays(np.int64, len(codes), elements=st.integers(0, 2)))
    rows = purity(prefix_ids(codes), pd.Series(labels))
    for depth in range(1, codes.shape[1] + 1):
        table = contingency_matrix(labels, prefix_ids(codes)[:, depth - 1])
        assert rows[depth]["purity"] == pytest.approx(table.max(axis=0).sum() / table.sum())


def test_purity_without_any_category():
    assert purity(prefix_ids(CODES), pd.Series([None] * 6)) == []


def test_tiles_of_a_map():
    """Two places of one street and one 5 km north share no tile with a place of another city; one lies nowhere."""
    items = pd.DataFrame(
        {"latitude": [40.7336, 40.7340, 40.7800, 35.68, np.nan], "longitude": [-74.0031, -74.0029, -74.0, 139.7, -74.0]}
    )
    tiles = map_tiles(items)
    assert tiles[0] == tiles[1]
    assert tiles[[0, 2, 3]].nunique() == 3
    assert tiles.isna().tolist() == [False] * 4 + [True]
    assert map_tiles(items.drop(columns="latitude")) is None


def test_codes_that_follow_the_map_are_pure_by_place():
    generator = np.random.default_rng(0)
    latitude, longitude = generator.uniform(40.6, 40.9, 3000), generator.uniform(-74.1, -73.8, 3000)
    tiles = map_tiles(pd.DataFrame({"latitude": latitude, "longitude": longitude}))
    of_places = np.column_stack([latitude * 50 % 15, longitude * -50 % 15]).astype(np.int32)
    drawn = generator.integers(0, 15, (3000, 2)).astype(np.int32)
    for codes, knows in ((of_places, True), (drawn, False)):
        last = diagnose(codes, tiles=tiles)["place_purity"][2]
        assert (last["purity_of_shared"] > last["by_chance"] + 0.1) == knows


def test_everything_is_json(clusters):
    vectors = clusters[0].copy()
    vectors[3] = np.nan
    codes = np.random.default_rng(0).integers(0, 4, size=(240, 3)).astype(np.int32)
    categories = pd.Series(clusters[1])
    text = json.dumps(diagnose(codes, [4] * 3, vectors, categories, categories), allow_nan=False)
    of_codes = {"items", "levels", "tuples", "prefixes", "between_levels"}
    assert set(json.loads(text)) == {*of_codes, "duplicates", "neighbourhoods", "purity", "place_purity"}


def test_single_item_is_json():
    json.dumps(diagnose(np.array([[1, 2]], dtype=np.int32), vectors=np.ones((1, 2), dtype=np.float32)), allow_nan=False)
