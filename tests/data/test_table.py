"""Tables of one's own, in every form."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pydantic import ValidationError

from semtok.config.data import Dataset, Preparation
from semtok.config.tables import InteractionTable, ItemTable
from semtok.data.raw import EARLIEST, RawFile
from semtok.data.readers import table
from semtok.data.report import Report
from semtok.errors import DataError
from support.own_tables import FORMS, own_interactions, own_items, write_table

FILTERS = {
    "duplicates": "keep",
    "min_user_length": 1,
    "min_item_count": 1,
    "max_user_length": None,
    "last_interactions": None,
}


def options(files, text_fields=("title", "brand"), **changes):
    return {
        "reader": "table",
        "files": files,
        "text_fields": list(text_fields),
        "filters": FILTERS | {"without_text": "drop" if text_fields else "keep"},
        "split": {"method": "leave-one-out"},
        **changes,
    }


def described(path, kind, **columns):
    return {"path": path.name, "table": {"kind": kind, **columns}}


def interactions(path: Path, **columns) -> pd.DataFrame:
    """All rows of one table."""
    return pd.concat(read_interactions(path, **columns)[0], ignore_index=True)


def read_interactions(path: Path, **columns):
    report = Report()
    file = RawFile(path, table=InteractionTable.model_validate({"kind": "interactions", **columns}))
    return list(table.read_interactions([file], report)), report


def items(path: Path, wanted, **columns):
    file = RawFile(path, table=ItemTable.model_validate({"kind": "items", **columns}))
    report = Report()
    return pd.concat(table.read_items([file], pd.Index(wanted), report)), report


@pytest.fixture
def write(tmp_path):
    def write(text: str | bytes, name: str = "x.csv") -> Path:
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return tmp_path / name

    return write


def many(*rows: str, header: str = "user_id,item_id,timestamp") -> str:
    """The rows, among enough good ones that single bad ones are tolerated."""
    good = [f"a,{i},{1_500_000_000 + i}" for i in range(600)]
    return "\n".join([header, *rows, *good]) + "\n"


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_tables(form, tmp_path, prepared):
    files = [write_table(own_interactions(), tmp_path, "interactions", form)]
    files += [write_table(own_items(), tmp_path, "items", form)]
    found = prepared(options([described(files[0], "interactions"), described(files[1], "items")]), files)

    expected = own_interactions()
    assert found.stats["interactions"] == len(expected)
    assert found.stats["users"] == expected["user_id"].nunique()
    assert [part["bad"] for file in found.stats["files"] for part in file["parts"]] == [{}, {}]
    # Users by their ids as texts.
    user = sorted(expected["user_id"].unique())[3]
    mine = expected[expected["user_id"] == user].sort_values("timestamp", kind="stable")
    assert found.sequence(3) == mine["item_id"].astype(str).tolist()
    assert found.interactions.loc[found.interactions["user"] == 3, "timestamp"].tolist() == mine["timestamp"].tolist()
    titles = own_items().set_index(own_items()["item_id"].astype(str))["title"].str.replace("\n", " ")
    assert found.items["title"].tolist() == titles[found.items["raw_id"]].tolist()
    assert list(found.items.columns) == ["item", "raw_id", "title", "brand"]


def test_columns_are_those_that_the_config_names(write):
    path = write("when;what;stars;who\n2020-01-02T00:00:10+01:00;i1;4.5;u\n2020-01-02;i2;3;u\n")
    found, report = read_interactions(
        path,
        user="who",
        item="what",
        timestamp="when",
        time_format="ISO8601",
        rating="stars",
        min_rating=4,
        delimiter=";",
    )
    assert found[0].to_dict("list") == {"user": ["u"], "item": ["i1"], "timestamp": [1577919610]}
    assert report.counts["ratings_below_the_minimum"] == 1


@pytest.mark.parametrize(
    ("time_format", "text"),
    [
        ("s", "1577919610"),
        ("s", "1577919610.9"),
        ("ms", "1577919610999"),
        ("us", "1577919610000001"),
        ("ns", "1577919610000000001"),
        ("ISO8601", "2020-01-01 23:00:10"),
        ("%d.%m.%Y %H:%M:%S", "01.01.2020 23:00:10"),
    ],
)
def test_times_in_every_unit_are_seconds(write, time_format, text):
    path = write(f"user_id,item_id,timestamp\nu,i,{text}\n")
    assert interactions(path, time_format=time_format)["timestamp"].tolist() == [1577919610]


def test_typed_columns_of_parquet(tmp_path):
    moments = pd.to_datetime(["2020-01-01 23:00:10", "2020-01-02 00:00:00"], utc=True)
    frame = pd.DataFrame({"user_id": [1.0, 2.0], "item_id": pd.Categorical(["a", "b"]), "timestamp": moments})
    frame.to_parquet(tmp_path / "x.parquet")
    found = interactions(tmp_path / "x.parquet", time_format="ISO8601")
    assert found["user"].tolist() == ["1", "2"]
    assert found["timestamp"].tolist() == [1577919610, 1577923200]


def test_without_times_rows_stand_in_their_order(write):
    found, report = read_interactions(write("u,b\nu,a\nv,b\n"), header=["user_id", "item_id"], timestamp=None)
    assert found[0]["item"].tolist() == ["b", "a", "b"]
    assert (np.diff(found[0]["timestamp"]) > 0).all()
    assert found[0]["timestamp"].min() > EARLIEST
    assert report.counts["made_up_times"] == 3


def test_without_times_one_file_is_read_after_the_other(tmp_path):
    """Or the last items of a user, which are tested, would be those of the first file."""
    (tmp_path / "1.csv").write_text("".join(f"u,a{n}\n" for n in range(20)))
    (tmp_path / "2.csv").write_text("u,last1\nu,last2\n")
    columns = InteractionTable(kind="interactions", header=["user_id", "item_id"], timestamp=None)
    files = [RawFile(tmp_path / f"{n}.csv", table=columns) for n in (1, 2)]
    found = pd.concat(table.read_interactions(files, Report())).sort_values("timestamp", kind="stable")
    assert found["item"].tolist() == [*(f"a{n}" for n in range(20)), "last1", "last2"]
    assert found["timestamp"].is_unique


def test_each_session_is_a_sequence_of_its_own(write):
    path = write("user_id,s,item_id,timestamp\nu,1,a,1500000000\nu,2,b,1500000001\nv,1,c,1500000002\n")
    assert interactions(path)["user"].nunique() == 2
    assert interactions(path, session="s")["user"].nunique() == 3


def test_isolated_bad_rows_are_counted_with_their_lines(write):
    rows = ["b,1", 'b,"1\n2",1500000000', ",1,1500000000", "b,1,yesterday", "b,1,15", 'b,"1" x,1500000000']
    found, report = read_interactions(write(many(*rows)))
    assert sum(map(len, found)) == 601
    assert report.files[0].bad == {"wrong_field_count": 1, "missing_value": 1, "bad_date": 2, "malformed": 1}
    assert [example.partition(": ")[0] for example in report.files[0].examples] == [
        "line 2",
        "line 8",
        "line 5",
        "line 6",
        "line 7",
    ]


def test_undecodable_bytes_cost_their_row(write):
    found, report = read_interactions(write(many("b,\xe9,1500000000").encode("latin-1")))
    assert report.files[0].bad == {"undecodable": 1}
    assert sum(map(len, found)) == 600


def test_a_quote_that_is_not_closed_is_not_a_single_bad_row(write):
    lines = many().splitlines()
    lines[100] = 'b,"1,1500000000'
    with pytest.raises(DataError, match=r"x\.csv: 501 of 600 rows are unusable(.|\n)*line 101"):
        read_interactions(write("\n".join(lines)))
    lines[300] = 'b,"1,1500000000'
    with pytest.raises(DataError, match=r"x\.csv: 201 of 600 rows are unusable"):
        read_interactions(write("\n".join(lines)))
    assert len(interactions(write("\n".join(lines)), quotes=False)) == 600


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("", "x.csv", r"found the columns ; expected 'user_id'|no rows"),
        ("user_id,item_id,timestamp\n", "x.csv", "no rows"),
        (
            "user,item_id,timestamp\nu,i,1500000000\n",
            "x.csv",
            r"found the columns user, item_id.*expected 'user_id' \(did",
        ),
        ("user_id,user_id,timestamp\nu,i,1500000000\n", "x.csv", "line 1: found the column 'user_id' twice"),
        ("[\n{}\n]\n", "x.json", "found a JSON list"),
        ("not parquet", "x.parquet", "cannot be read as a Parquet file"),
        (
            gzip.compress(b"user_id,item_id,timestamp\n" + b"u,i,1500000000\n" * 99, mtime=0)[:-9],
            "x.csv.gz",
            "damaged or truncated",
        ),
    ],
)
def test_mistakes_name_the_file(write, text, name, message):
    with pytest.raises(DataError, match=rf"(?s){name}.*({message})"):
        read_interactions(write(text, name))


def test_a_missing_file_is_named(tmp_path):
    for name in ("gone.csv", "gone.parquet"):
        with pytest.raises(DataError, match=name):
            read_interactions(tmp_path / name)


def test_items_lie_on_earth_or_nowhere(write):
    path = write(
        "item_id,name,lat,lon\n1,Here,40.5,-73.9\n2,Nowhere,,\n" + "3,x,1,1\n" * 500 + "4,Off,95,3\n5,Half,4,\n"
    )
    found, report = items(path, ["1", "2", "4", "5"], latitude="lat", longitude="lon")
    assert found["raw_id"].tolist() == ["1", "2"]
    assert found["latitude"].isna().tolist() == [False, True]
    assert found["longitude"][2] == pytest.approx(-73.9)
    assert report.files[0].bad == {"bad_coordinate": 2}


def test_texts_and_pictures_of_items(write):
    path = write('id,title,item,photo\n1,"<b>A &amp; B</b>",x,p/1.jpg\n2,,y,\n')
    found, _ = items(path, ["1", "2"], id="id", image="photo")
    assert set(found.columns) == {"raw_id", "title", "image"}
    assert found["title"].fillna("").tolist() == ["A & B", ""]
    assert found["image"].iloc[0] == "p/1.jpg"


def test_keys_of_json_lines_come_and_go(write):
    path = write('{"item_id": 1, "tags": ["a", "b"]}\n\n{"item_id": 2, "title": "x", "more": {"deep": 1}}\n', "x.jsonl")
    found, _ = items(path, ["1", "2"])
    assert found["tags"].fillna("").tolist() == ["a, b", ""]
    assert found["title"].fillna("").tolist() == ["", "x"]


def test_a_parquet_file_that_claims_to_be_huge_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("semtok.data.containers.FREE_BYTES", 1000)
    same = pa.array(["x" * 1000]).take(pa.array(np.zeros(10_000, dtype=np.int64)))
    pa.parquet.write_table(
        pa.table({"user_id": same}), tmp_path / "x.parquet", compression="zstd", use_dictionary=False
    )
    with pytest.raises(DataError, match=r"x\.parquet: found \d+ bytes in a file of"):
        read_interactions(tmp_path / "x.parquet")


def test_without_items_there_are_no_texts(tmp_path, prepared):
    path = write_table(own_interactions(), tmp_path, "interactions", "csv")
    found = prepared(options([described(path, "interactions")], text_fields=[]), [path])
    assert list(found.items.columns) == ["item", "raw_id"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"files": [{"path": "x.csv"}]}, "a `table` for each file"),
        ({"files": [{"path": "x.dat", "table": {"kind": "interactions"}}]}, "files that end in .csv"),
        ({"files": [{"path": "x.csv", "table": {"kind": "items"}}]}, "a file of `kind: interactions`"),
        ({"text_fields": ["title"]}, r"text_fields: \[\] where no file is of `kind: items`"),
        ({"reader": "mind"}, "files without a `table`"),
        (
            {
                "files": [{"path": "x.csv", "table": {"kind": "interactions", "timestamp": None}}],
                "split": {"method": "time-ratio", "valid": 0.1, "test": 0.1},
            },
            "another split than time-ratio",
        ),
        ({"files": [{"path": "x.csv", "table": {"kind": "interactions", "rating": "r"}}]}, "rating and min_rating"),
        (
            {"files": [{"path": "x.csv", "table": {"kind": "interactions", "time_format": "sec"}}]},
            "one of s, ms, us, ns",
        ),
    ],
)
def test_a_config_that_cannot_be_is_refused(changes, expected):
    given = options([{"path": "x.csv", "table": {"kind": "interactions"}}], text_fields=[]) | changes
    with pytest.raises(ValidationError, match=expected):
        Preparation.model_validate(given)


def test_no_world_is_made_up_for_own_data():
    given = options([{"path": "x.csv", "table": {"kind": "interactions"}}], text_fields=[])
    assert Dataset.model_validate(given).synthetic is None
    for wrong in (
        {"source": "synthetic"},
        {"synthetic": {"users": 10, "items": 20, "mean_length": 3, "categories": 2, "seed": 1}},
    ):
        with pytest.raises(ValidationError, match="no world is made up"):
            Dataset.model_validate(given | wrong)
