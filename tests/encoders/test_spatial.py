import os
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from semtok.config.encoders import CheckInGraph
from semtok.encoders import check_in_graph, distance_graph
from semtok.encoders.geography import unit_vectors
from semtok.encoders.spatial import encode, graph_facts, neighbour_overlap
from semtok.errors import DataError
from support.places import city, options


def encoded(items, chosen):
    return encode(chosen, items, distance_graph.build(chosen.graph, items))


@pytest.fixture(scope="module")
def world():
    """A city, a village 40 km away, a hamlet 60 km away, a farm alone, and an item without a place."""
    rng = np.random.default_rng(5)
    village = np.array([41.1, -73.97]) + rng.normal(scale=0.004, size=(25, 2))
    hamlet = np.array([40.75, -73.25]) + rng.normal(scale=0.004, size=(8, 2))
    apart = pd.DataFrame(np.vstack([village, hamlet, [[40.2, -74.5], [np.nan, np.nan]]]))
    items = pd.concat([city(400), apart.set_axis(["latitude", "longitude"], axis=1)], ignore_index=True)
    return items, *encoded(items, options(epochs=8, learning_rate=0.003, batch_size=256))


def test_geographic_neighbours_are_recovered_and_are_not_all(world):
    _, _, facts = world
    assert 0.4 <= facts["overlap_at_10"] < 0.95
    assert facts["loss_by_epoch"][-1] < 0.9 * facts["loss_by_epoch"][0]


def test_training_is_what_recovers_them(world):
    items, _, facts = world
    _, untrained = encoded(items, options(epochs=1, learning_rate=1e-9))
    assert facts["overlap_at_10"] > untrained["overlap_at_10"] + 0.1


def test_no_component_collapses(world):
    items, vectors, facts = world
    sizes = facts["largest_components"]
    # The farm hangs on its nearest neighbour; the city is three components, village and hamlet are the other two.
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-2:] == [25, 8]
    assert sum(sizes) == 434
    groups = [vectors[:400], vectors[400:425], vectors[425:433]]
    centres = np.stack([group.mean(axis=0) / np.linalg.norm(group.mean(axis=0)) for group in groups])
    assert (centres @ centres.T)[~np.eye(3, dtype=bool)].max() < 0.7
    for group in groups:
        assert len(np.unique(group.round(3), axis=0)) == len(group)
    # Within the village the map is still there: chance is 10 of 24.
    latitude, longitude = (items[name].to_numpy()[400:425] for name in ("latitude", "longitude"))
    assert neighbour_overlap(vectors[400:425], latitude, longitude, 0) > 0.55


def test_items_without_a_place_are_missing(world):
    items, vectors, facts = world
    assert vectors.shape == (len(items), 16)
    np.testing.assert_array_equal(np.isnan(vectors).any(axis=1), items["latitude"].isna())
    assert facts["items_without_edge"] == 1


def test_the_order_of_the_items_is_kept():
    items = city(60)
    graph = distance_graph.build(options().graph, items)
    # The same graph with three items in between that have no edge.
    wide = items.reindex([*range(20), -1, *range(20, 50), -2, *range(50, 60), -3]).reset_index(drop=True)
    kept = wide["latitude"].notna().to_numpy()
    vectors, _ = encode(options(epochs=1), items, graph)
    spread, _ = encode(options(epochs=1), wide, distance_graph.build(options().graph, wide))
    np.testing.assert_array_equal(vectors, spread[kept])


def test_the_check_in_view(tmp_path):
    items = pd.DataFrame({"raw_id": list("abcdef")})
    rows = [(0, item, 3600 * hour, "train") for hour, item in enumerate([0, 1, 2, 0, 1, 3])]
    frame = pd.DataFrame([*rows, (0, 4, 40_000, "test")], columns=["user", "item", "timestamp", "split"])
    frame.to_parquet(tmp_path / "interactions.parquet")
    chosen = options(epochs=1, graph={"method": "check-in", "max_gap_hours": 24.0})
    assert isinstance(chosen.graph, CheckInGraph)
    vectors, facts = encode(chosen, items, check_in_graph.build(chosen.graph, items, tmp_path / "interactions.parquet"))
    np.testing.assert_array_equal(np.isnan(vectors).any(axis=1), [False] * 4 + [True] * 2)
    assert (facts["graph"], facts["overlap_at_10"], facts["median_edge_km"]) == ("check-in", None, None)


def test_graphs_that_cannot_be_encoded():
    items = city(3)
    with pytest.raises(DataError, match="no edge between any of 3 items"):
        encode(options(), items, sparse.csr_array((3, 3), dtype=np.float32))
    with pytest.raises(DataError, match="expected 3 items"):
        encode(options(), items, sparse.csr_array((4, 4), dtype=np.float32))


def test_facts_of_a_graph_by_hand():
    kilometre = 1 / 111.19508
    weights = np.zeros((5, 5), dtype=np.float32)
    for a, b in ((0, 1), (1, 2), (3, 4)):
        weights[a, b] = weights[b, a] = 0.5
    facts = graph_facts(sparse.csr_array(weights), np.array([0, 1, 3, 10, 17]) * kilometre, np.zeros(5))
    assert facts["median_edge_km"] == pytest.approx(2, rel=1e-5)
    assert (facts["edges"], facts["components"], facts["largest_components"]) == (3, 2, [3, 2])


def test_overlap_of_the_map_with_itself_and_of_noise():
    items = city(300)
    latitude, longitude = items["latitude"].to_numpy(), items["longitude"].to_numpy()
    # In float64, since a city is too small a part of the sphere for float32.
    assert neighbour_overlap(unit_vectors(latitude, longitude), latitude, longitude, 0) == 1
    noise = np.random.default_rng(0).normal(size=(300, 16))
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    assert neighbour_overlap(noise, latitude, longitude, 0) < 0.1
    # Whoever is at the same place is as near as anyone: no order among them is wrong.
    assert neighbour_overlap(noise, np.zeros(300), np.zeros(300), 0) == 1


@pytest.mark.slow
def test_new_york():
    """`SEMTOK_MIRROR=FOLDER pytest -m slow tests/encoders`: the map of every venue with ten check-ins or more."""
    path = Path(os.environ.get("SEMTOK_MIRROR", ""), "foursquare/dataset_tsmc2014.zip")
    if not path.is_file():
        pytest.skip("SEMTOK_MIRROR does not name a folder with foursquare/dataset_tsmc2014.zip")
    columns = {1: "item", 4: "latitude", 5: "longitude"}
    with zipfile.ZipFile(path) as archive, archive.open("dataset_tsmc2014/dataset_TSMC2014_NYC.txt") as stream:
        rows = pd.read_csv(stream, sep="\t", header=None, usecols=list(columns), encoding="latin-1", quoting=3)
    rows = rows.rename(columns=columns)
    often = rows.groupby("item")["item"].transform("size") >= 10
    items = rows[often].drop_duplicates("item").reset_index(drop=True)
    _, facts = encoded(items, options(hidden_dim=128, dimensions=64, batch_size=512, epochs=4))
    assert facts["items_without_edge"] == 0
    assert facts["largest_components"][0] > 0.95 * len(items)
    assert 0.4 <= facts["overlap_at_10"] < 0.95
