"""The Foursquare reader on hand-written files."""

import pandas as pd
import pytest

from semtok.errors import DataError

NYC, TKY = "dataset_TSMC2014_NYC.txt", "dataset_TSMC2014_TKY.txt"


# Made-up check-ins in the form of the official file of Tokyo, which is nine hours ahead of UTC.
TOKYO = [
    "21\t5a00000000000000000000c1\t4bf58dd8d48988d10c951735\tCosmetics Shop\t35.70510109\t139.61959\t540\t"
    "Tue Apr 03 18:17:18 +0000 2012",
    "8\t5a00000000000000000000b2\t4bf58dd8d48988d1d1941735\tRamen /  Noodle House\t35.7155815\t139.8003167\t540\t"
    "Tue Apr 03 18:22:04 +0000 2012",
    "8\t5a00000000000000000000a3\t4bf58dd8d48988d16d941735\tCaf\xe9\t35.714\t139.7738922\t540\t"
    "Tue Apr 03 19:12:07 +0000 2012",
]


def check_in(user="7", venue="v1", category="Café", latitude="40.7", longitude="-74.0", time="18:00:09"):
    return f"{user}\t{venue}\tc1\t{category}\t{latitude}\t{longitude}\t-240\tTue Apr 03 {time} +0000 2012\n"


def rows(*odd):
    return ("".join(check_in(venue=f"v{i % 7}", time=f"18:00:{i % 60:02d}") for i in range(200)) + "".join(odd)).encode(
        "latin-1"
    )


def test_check_ins_venues_and_places(options, prepared, make_zip):
    text = check_in(venue="v2", time="18:00:10") + check_in() + check_in(user="3", venue="v2", category="Bar")
    path = make_zip({f"dataset_tsmc2014/{NYC}": text.encode("latin-1"), f"dataset_tsmc2014/{TKY}": b"nothing"})
    chosen = options("foursquare") | {"files": [{"path": "x.zip", "member": NYC}]}
    tables = prepared(chosen, [path])
    assert tables.sequence(1) == ["v1", "v2"]
    assert tables.interactions["timestamp"].iloc[1] == 1_333_476_009
    assert tables.items["category"].tolist() == ["Café", "Café"]
    assert tables.items[["latitude", "longitude"]].to_numpy().tolist() == [[40.7, -74.0]] * 2
    # v2 is a café first and a bar later.
    assert tables.stats["counts"]["duplicate_metadata"] == 1
    assert [part["rows"] for part in tables.stats["files"][0]["parts"]] == [3]


def test_tokyo(options, prepared, make_zip):
    text = "".join(f"{line}\n" for line in TOKYO).encode("latin-1")
    members = {"dataset_TSMC2014_readme.txt": b"...", NYC: rows(), TKY: text}
    path = make_zip({f"dataset_tsmc2014/{name}": content for name, content in members.items()})
    tables = prepared(options("foursquare") | {"files": [{"path": "x.zip", "member": TKY}]}, [path])
    assert tables.stats["files"][0]["parts"] == [{"member": f"dataset_tsmc2014/{TKY}", "rows": 3, "bad": {}}]
    assert tables.items["category"].tolist() == ["Café", "Ramen /  Noodle House", "Cosmetics Shop"]
    assert tables.items["longitude"].round(1).tolist() == [139.8, 139.8, 139.6]
    # Of user 21, who comes first as text, and of user 8. The times are UTC, not the city's.
    assert pd.to_datetime(tables.interactions["timestamp"], unit="s").astype("string").tolist() == [
        "2012-04-03 18:17:18",
        "2012-04-03 18:22:04",
        "2012-04-03 19:12:07",
    ]


def test_a_zip_file_without_tokyo_says_what_it_has(options, prepared, make_zip):
    chosen = options("foursquare") | {"files": [{"path": "x.zip", "member": TKY}]}
    with pytest.raises(DataError, match=rf"raw\.zip: expected one member {TKY}, found none among .*{NYC}"):
        prepared(chosen, [make_zip({f"dataset_tsmc2014/{NYC}": rows()})])


def test_which_city_must_be_said_where_there_are_two(options, prepared, make_zip):
    path = make_zip({NYC: rows(), TKY: rows()})
    with pytest.raises(DataError, match=r"expected one member .*the config's `member`.*NYC.*TKY"):
        prepared(options("foursquare"), [path])
    assert prepared(options("foursquare"), [make_zip({NYC: rows()})]).stats["interactions"] == 200


@pytest.mark.parametrize(
    ("odd", "kind"),
    [
        (check_in(latitude="91"), "bad_coordinate"),
        (check_in(longitude="-180.5"), "bad_coordinate"),
        (check_in(latitude="north"), "bad_coordinate"),
        (check_in(latitude=""), "bad_coordinate"),
        (check_in(latitude="nan"), "bad_coordinate"),
        (check_in(time="25:00:00"), "bad_date"),
        (check_in(user=""), "missing_value"),
        (check_in(venue=""), "missing_value"),
        ("7\tv1\tc1\n", "wrong_field_count"),
        ("\n", "wrong_field_count"),
    ],
)
def test_isolated_bad_check_ins_are_counted_and_many_are_refused(options, prepared, make_zip, odd, kind):
    tables = prepared(options("foursquare"), [make_zip({NYC: rows(odd)})])
    assert tables.stats["files"][0]["parts"] == [{"member": NYC, "rows": 201, "bad": {kind: 1}}]
    assert tables.stats["interactions"] == 200
    with pytest.raises(DataError, match=rf"3 of 203 rows .*\n  line 201: {kind}"):
        prepared(options("foursquare"), [make_zip({NYC: rows(odd, odd, odd)})])


def test_venues_without_a_category_are_counted(options, prepared, make_zip):
    path = make_zip({NYC: rows(check_in(venue="v9", category=""))})
    tables = prepared(options("foursquare"), [path])
    assert tables.stats["counts"]["interactions_of_items_without_text"] == 1
    assert "v9" not in set(tables.items["raw_id"])
    kept = prepared(options("foursquare", without_text="keep"), [path]).items.query("raw_id == 'v9'")
    assert kept["category"].isna().all()
    assert kept["latitude"].tolist() == [40.7]
