"""From raw files to tables: the contract with the other stages."""

import json
import subprocess
import sys
from collections import defaultdict

import pandas as pd
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from semtok.config.data import TEXTS_OF, Dataset
from semtok.data.prepare import Outputs, prepare_dataset
from semtok.data.readers import amazon2014, foursquare, mind, yelp
from semtok.data.synthetic import write
from semtok.errors import DataError

SPLITS = {
    "leave-one-out": {"method": "leave-one-out"},
    "user-ratio": {"method": "user-ratio", "valid": 0.1, "test": 0.1},
    "time-ratio": {"method": "time-ratio", "valid": 0.1, "test": 0.1},
    "held-out-users": {"method": "held-out-users", "test_users": 2, "train_users": None, "valid": 0.2, "seed": 0},
}


@pytest.mark.parametrize("reader", TEXTS_OF)
def test_the_texts_that_a_config_may_name_are_those_that_the_reader_finds(reader):
    columns = {
        "mind": mind.NEWS[:5],
        "amazon2014": amazon2014.COLUMNS,
        "foursquare": foursquare.VENUE,
        "yelp": yelp.NAMES,
    }.get(reader, amazon2014.COLUMNS)
    assert set(TEXTS_OF[reader]) == set(columns) - {"raw_id", "image", "latitude", "longitude"}


@pytest.mark.parametrize("split", sorted(SPLITS))
def test_the_tables_keep_their_contract(split, options, prepared, tmp_path):
    chosen = options("amazon2018", SPLITS[split], min_user_length=3, min_item_count=2)
    tables = prepared(chosen, write(chosen, tmp_path))
    items, interactions, targets = tables.items, tables.interactions, tables.targets
    assert items["item"].tolist() == list(range(len(items)))
    assert items["raw_id"].is_monotonic_increasing
    assert set(interactions["item"]) == set(items["item"])
    assert sorted(set(interactions["user"])) == list(range(tables.stats["users"]))
    assert interactions.sort_values(["user", "timestamp"], kind="stable").index.equals(interactions.index)
    assert set(interactions["split"]) <= {"train", "valid", "test", "context"}
    dtypes = {name: str(dtype) for name, dtype in [*interactions.dtypes.items(), *targets.dtypes.items()]}
    assert {dtypes[name] for name in ("user", "item", "target", "position")} == {"int32"}
    assert dtypes["timestamp"] == "int64"
    assert targets["target"].tolist() == list(range(len(targets)))
    assert set(targets["split"]) == {"valid", "test"}
    for target in targets.itertuples():
        own = interactions[interactions["user"] == target.user]
        held_out = own.iloc[target.position]
        assert (held_out["item"], held_out["split"]) == (target.item, target.split)
        assert not own.iloc[target.position :]["split"].isin(["train", "context"]).any()
    assert len(targets) == interactions["split"].isin(["valid", "test"]).sum() - sum(
        own["split"].iloc[0] in ("valid", "test") for _, own in interactions.groupby("user")
    )


def test_strings_are_plain_in_the_files(options, prepared, tmp_path):
    chosen = options("mind")
    prepared(chosen, write(chosen, tmp_path))
    schema = pyarrow.parquet.read_schema(tmp_path / "out" / "x.parquet")
    assert {name: str(schema.field(name).type).removeprefix("large_") for name in schema.names} == {
        "user": "int32",
        "item": "int32",
        "timestamp": "int64",
        "split": "string",
    }
    texts = pyarrow.parquet.read_schema(tmp_path / "out" / "i.parquet")
    assert {str(texts.field(name).type).removeprefix("large_") for name in texts.names[1:]} == {"string"}


events = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 7), st.integers(0, 20)), min_size=1, max_size=60)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events, st.sampled_from(sorted(SPLITS)[2:]))
def test_nothing_is_lost_or_doubled_and_histories_are_true(options, prepared, make_gzip, rows, split):
    reviews = [{"reviewerID": f"U{u}", "asin": f"I{i}", "unixReviewTime": 10**9 + t} for u, i, t in rows]
    products = [{"asin": f"I{i}", "title": f"Title {i}"} for i in range(8)]
    files = [make_gzip(reviews, "r.gz"), make_gzip(products, "meta_r.gz")]
    try:
        tables = prepared(options("amazon2018", SPLITS[split]), files)
    except DataError:
        # A split by time may leave nothing to train on.
        assert split == "time-ratio"
        return
    expected = defaultdict(list)
    for u, i, _ in sorted(rows, key=lambda row: row[2]):
        expected[u].append(f"I{i}")
    got = [tables.sequence(user) for user in range(tables.stats["users"])]
    dropped = sum(count for key, count in tables.stats["counts"].items() if key.startswith("dropped_"))
    assert sum(map(len, got)) + dropped == len(rows)
    assert got == [expected[user] for user in sorted(expected)]
    times = tables.interactions.groupby("user")["timestamp"]
    assert times.apply(lambda own: own.is_monotonic_increasing).all()
    for target in tables.targets.itertuples():
        own = tables.interactions[tables.interactions["user"] == target.user]
        assert (own["timestamp"].iloc[: target.position] <= own["timestamp"].iloc[target.position]).all()
        assert own["item"].iloc[target.position] == target.item


def test_filters_and_their_counts_reach_the_statistics(options, prepared, make_gzip):
    rows = [("U1", i) for i in (1, 1, 2, 3)] + [("U2", i) for i in (1, 2, 3)] + [("U3", 3)]
    reviews = [{"reviewerID": u, "asin": f"I{i}", "unixReviewTime": 10**9 + n} for n, (u, i) in enumerate(rows)]
    products = [{"asin": f"I{i}", "title": f"Title {i}"} for i in range(8)]
    files = [make_gzip(reviews, "r.gz"), make_gzip(products, "meta_r.gz")]
    tables = prepared(options("amazon2018", duplicates="drop_repeats", min_user_length=2, last_interactions=2), files)
    assert [tables.sequence(user) for user in (0, 1)] == [["I2", "I3"]] * 2
    # I1 is not in the catalogue any more: the users' last two interactions do not touch it.
    assert tables.items["raw_id"].tolist() == ["I2", "I3"]
    counts = tables.stats["counts"]
    assert (counts["dropped_duplicates"], counts["dropped_below_minima"], counts["dropped_before_the_last"]) == (
        1,
        1,
        2,
    )


def test_filters_that_leave_nothing_are_an_error(options, prepared, tmp_path):
    chosen = options("amazon2018", min_item_count=10_000)
    with pytest.raises(DataError, match=r"no interaction is left .*dropped_below_minima"):
        prepared(chosen, write(chosen, tmp_path))


def test_a_cut_that_leaves_nothing_to_train_on_is_an_error(options, prepared, make_gzip):
    reviews = [{"reviewerID": f"U{n}", "asin": "I1", "unixReviewTime": 10**9} for n in range(4)]
    files = [make_gzip(reviews, "r.gz"), make_gzip([{"asin": "I1", "title": "Title"}], "meta_r.gz")]
    with pytest.raises(DataError, match=r"left to train on .*'context_of_unseen_users': 4"):
        prepared(options("amazon2018", SPLITS["time-ratio"]), files)


def test_sessions_and_the_cut_by_time_reach_the_targets(options, prepared, make_gzip):
    days = {
        # A session of three, one of two (too short), one of three, in which an item is new.
        "A": [("I1", 0), ("I2", 0.1), ("I3", 0.2), ("I1", 5), ("I1", 5.1), ("I2", 9), ("I9", 9.1), ("I3", 9.2)],
        "B": [("I1", 9.3), ("I9", 9.4), ("I2", 9.5)],  # after the cut only
        "C": [("I1", 1), ("I2", 1.1), ("I3", 1.2)],
    }
    reviews = [
        {"reviewerID": user, "asin": item, "unixReviewTime": 10**9 + int(86_400 * day)}
        for user, own in days.items()
        for item, day in own
    ]
    products = [{"asin": f"I{i}", "title": f"Title {i}"} for i in range(10)]
    split = {"method": "time-ratio", "valid": 0.25, "test": 0.25}
    chosen = options("amazon2018", split, sessions={"gap_hours": 24, "min_length": 3})
    tables = prepared(chosen, [make_gzip(reviews, "r.gz"), make_gzip(products, "meta_r.gz")])
    assert tables.sequence(0) == ["I1", "I2", "I3", "I2", "I9", "I3"]
    assert tables.interactions.groupby("user")["split"].apply(list).tolist() == [
        ["train", "train", "train", "valid", "context", "valid"],
        ["context"] * 3,
        ["train"] * 3,
    ]
    # The history of the last target holds the item that is no target itself.
    assert tables.targets[["user", "position", "split"]].to_numpy().tolist() == [[0, 3, "valid"], [0, 5, "valid"]]
    assert tables.stats["counts"]["dropped_short_sessions"] == 2
    assert (tables.stats["users"], tables.stats["items"], tables.stats["interactions"]) == (3, 4, 12)


def test_options_may_be_a_dataset_or_what_it_holds(options, tmp_path):
    chosen = options("mind")
    files = write(chosen, tmp_path)
    slice_of_it = {key: value for key, value in chosen.items() if key != "synthetic"}
    stats = []
    for given_options in (chosen, slice_of_it, Dataset.model_validate(chosen)):
        outputs = Outputs(*(tmp_path / name for name in ("i.parquet", "x.parquet", "t.parquet", "s.json")))
        returned = prepare_dataset(given_options, "synthetic", files, outputs)
        assert returned == json.loads(outputs.stats.read_text())
        stats.append(returned)
    assert stats[0] == stats[1] == stats[2]
    assert stats[0]["source"] == "synthetic"
    assert write(Dataset.model_validate(chosen), tmp_path / "again")[0].read_bytes() == files[0].read_bytes()


def test_preparing_imports_neither_torch_nor_other_readers():
    code = (
        "import sys, semtok.data.prepare, semtok.data.synthetic, semtok.data.download\n"
        "import semtok.data.readers.mind\n"
        "heavy = {'torch', 'sklearn', 'transformers', 'semtok.data.products', 'semtok.data.readers.amazon2018'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    paths = [path for path in sys.path if path]
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {paths!r}\n{code}"], capture_output=True, text=True
    )
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr


def test_statistics_are_those_of_table_1(options, prepared, make_gzip):
    lengths = {"U1": 2, "U2": 3, "U3": 7, "U4": 4}
    reviews = [
        {"reviewerID": user, "asin": f"I{n}", "unixReviewTime": 10**9 + n}
        for user, k in lengths.items()
        for n in range(k)
    ]
    products = [{"asin": f"I{i}", "title": "x"} for i in range(7)]
    stats = prepared(options("amazon2018"), [make_gzip(reviews, "r.gz"), make_gzip(products, "meta_r.gz")]).stats
    assert stats["length"] == {"min": 2, "max": 7, "mean": 4.0, "median": 3.5}
    assert (stats["users"], stats["items"], stats["interactions"], stats["density"]) == (4, 7, 16, 16 / 28)
    assert stats["splits"] == {"test": 3, "train": 10, "valid": 3}
    assert stats["targets"] == {"test": 3, "valid": 3}


def test_same_input_same_tables(options, prepared, tmp_path):
    chosen = options("mind", SPLITS["held-out-users"])
    files = write(chosen, tmp_path)
    one, two = prepared(chosen, files), prepared(chosen, files)
    for name in ("items", "interactions", "targets"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(two, name))
