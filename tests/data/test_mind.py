"""The MIND reader on hand-written files."""

from datetime import UTC, datetime

import pytest

from semtok.config.data import Dataset
from semtok.errors import DataError

NEWS = "".join(f"N{i}\tsports\tgolf\tTitle {i}\tAbstract {i}\turl\t[]\t[]\n" for i in range(1, 10))


def unix(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def behaviors(*rows: tuple[str, str, str, str]) -> str:
    return "".join(f"{i}\t{user}\t{time}\t{history}\t{shown}\n" for i, (user, time, history, shown) in enumerate(rows))


def test_history_comes_once_and_clicks_follow_in_time(options, prepared, make_zip):
    train = make_zip(
        {
            "MINDsmall_train/news.tsv": NEWS,
            "MINDsmall_train/behaviors.tsv": behaviors(
                ("U2", "11/14/2019 8:00:00 AM", "N9", "N8-0 N7-1"),
                ("U1", "11/13/2019 9:00:00 PM", "N1 N2 N1", "N5-1 N6-0"),
                ("U1", "11/13/2019 9:00:00 AM", "N1 N2 N1", "N3-1 N6-0 N4-1"),
            ),
        },
        "train.zip",
    )
    dev = make_zip(
        {"news.tsv": NEWS, "behaviors.tsv": behaviors(("U1", "11/15/2019 12:30:00 AM", "N1 N2 N1", "N6-0 N2-1"))},
        "dev.zip",
    )
    tables = prepared(options("mind"), [train, dev])
    assert tables.sequence(0) == ["N1", "N2", "N1", "N3", "N4", "N5", "N2"]
    assert tables.sequence(1) == ["N9", "N7"]
    first_row = unix("2019-11-13 09:00:00")
    times = tables.interactions.query("user == 0")["timestamp"].tolist()
    assert times[:5] == [first_row - 3, first_row - 2, first_row - 1, first_row, first_row]
    assert times[5:] == [unix("2019-11-13 21:00:00"), unix("2019-11-15 00:30:00")]
    assert tables.stats["counts"]["made_up_times"] == 4
    assert tables.stats["counts"]["duplicate_metadata"] == 7
    assert tables.items.query("raw_id == 'N3'")[["category", "subcategory", "title", "abstract"]].iloc[0].tolist() == [
        "sports",
        "golf",
        "Title 3",
        "Abstract 3",
    ]


def test_users_without_history_or_clicks_are_counted(options, prepared, make_zip):
    path = make_zip(
        {
            "news.tsv": NEWS,
            "behaviors.tsv": behaviors(
                ("U1", "11/13/2019 9:00:00 AM", "", "N1-1 N2-0"),
                ("U2", "11/13/2019 9:00:00 AM", "", "N1-0 N2-0"),
                ("U3", "11/13/2019 9:00:00 AM", "N1 N2", "N3-0"),
            ),
        }
    )
    tables = prepared(options("mind"), [path])
    assert [tables.sequence(user) for user in (0, 1)] == [["N1"], ["N1", "N2"]]
    assert tables.stats["users"] == 2
    assert tables.stats["counts"]["users_without_history"] == 2
    assert tables.stats["counts"]["users_without_interactions"] == 1


def test_a_grown_history_does_not_double_the_clicks_that_it_took_up(options, prepared, make_zip):
    path = make_zip(
        {
            "news.tsv": NEWS,
            "behaviors.tsv": behaviors(
                ("U1", "11/13/2019 9:00:00 AM", "N1 N2", "N3-1 N1-1"),
                ("U1", "11/14/2019 9:00:00 AM", "N1 N2 N3", "N3-1 N6-0"),
                ("U1", "11/14/2019 9:30:00 AM", "N9", "N5-1"),
            ),
        }
    )
    tables = prepared(options("mind"), [path])
    assert tables.sequence(0) == ["N1", "N2", "N3", "N1", "N3", "N5"]
    counts = tables.stats["counts"]
    assert counts["users_with_differing_histories"] == 1
    assert counts["clicks_already_in_a_history"] == 1
    assert counts["history_entries_not_in_the_longest"] == 1


def many_rows(*odd: str) -> str:
    rows = [(f"U{i // 3}", "11/13/2019 9:00:00 AM", "N1 N2", "N3-1") for i in range(400)]
    return behaviors(*rows) + "".join(odd)


@pytest.mark.parametrize(
    ("odd", "kind"),
    [
        ("9\tU9\t11/13/2019 9:00:00 AM\tN1\n", "wrong_field_count"),
        ("9\tU9\t02/30/2019 9:00:00 AM\tN1\tN2-1\n", "bad_date"),
        ("9\tU9\t11/13/1019 9:00:00 AM\tN1\tN2-1\n", "bad_date"),
        ("9\t\t11/13/2019 9:00:00 AM\tN1\tN2-1\n", "missing_value"),
        ("9\tU9\t11/13/2019 9:00:00 AM\tN1\tN2 N3\n", "bad_impressions"),
    ],
)
def test_isolated_bad_rows_are_counted_and_many_are_refused(options, prepared, make_zip, odd, kind):
    good = make_zip({"news.tsv": NEWS, "behaviors.tsv": many_rows(odd)})
    parts = {part["member"]: part for part in prepared(options("mind"), [good]).stats["files"][0]["parts"]}
    assert parts["behaviors.tsv"] == {"member": "behaviors.tsv", "rows": 401, "bad": {kind: 1}}
    bad = make_zip({"news.tsv": NEWS, "behaviors.tsv": many_rows(*[odd] * 20)})
    with pytest.raises(DataError, match=rf"raw.zip:behaviors.tsv: 20 of 420 rows .*\n  line 401: {kind}"):
        prepared(options("mind"), [bad])


def test_undecodable_news_are_counted(options, prepared, make_zip):
    news = NEWS.encode() + b"".join(b"M%d\tc\ts\tt\ta\t\t\t\n" % i for i in range(200)) + b"N\xff\tc\ts\tt\ta\t\t\t\n"
    path = make_zip({"news.tsv": news, "behaviors.tsv": many_rows()})
    parts = {part["member"]: part for part in prepared(options("mind"), [path]).stats["files"][0]["parts"]}
    assert parts["news.tsv"]["bad"] == {"undecodable": 1}


def test_clicks_on_unlisted_news_are_counted_until_there_are_too_many(options, prepared, make_zip):
    few = behaviors(*[("U1", "11/13/2019 9:00:00 AM", " ".join(["N1"] * 50), "N77-1")])
    tables = prepared(options("mind"), [make_zip({"news.tsv": NEWS, "behaviors.tsv": few})])
    assert tables.stats["counts"]["interactions_of_unlisted_items"] == 1
    assert "N77" not in set(tables.items["raw_id"])
    kept = prepared(options("mind", without_text="keep"), [make_zip({"news.tsv": NEWS, "behaviors.tsv": few})])
    assert kept.items.query("raw_id == 'N77'")["title"].isna().all()
    assert kept.sequence(0)[-1] == "N77"
    many = behaviors(("U1", "11/13/2019 9:00:00 AM", "N1 N2 N66 N67", "N77-1"))
    with pytest.raises(DataError, match="3 of 5 interactions have items that the metadata do not list"):
        prepared(options("mind"), [make_zip({"news.tsv": NEWS, "behaviors.tsv": many})])


def test_items_without_text_are_dropped_and_counted_or_kept(options, prepared, make_zip):
    news = NEWS + "N10\t\t \t\tonly an abstract\t\t\t\n"
    rows = behaviors(("U1", "11/13/2019 9:00:00 AM", "N1 N10 N2", "N3-1"))
    path = make_zip({"news.tsv": news, "behaviors.tsv": rows})
    dropped = prepared(options("mind"), [path])
    assert dropped.sequence(0) == ["N1", "N2", "N3"]
    assert dropped.stats["counts"]["interactions_of_items_without_text"] == 1
    assert prepared(options("mind", without_text="keep"), [path]).sequence(0) == ["N1", "N10", "N2", "N3"]


def test_a_missing_member_is_an_error_that_lists_what_there_is(options, prepared, make_zip):
    path = make_zip({"news.tsv": NEWS, "notes.txt": ""})
    with pytest.raises(DataError, match=r"expected one member behaviors.tsv, found none among .*notes.txt"):
        prepared(options("mind"), [path])


def test_a_truncated_or_absent_zip_is_an_error(options, prepared, make_zip, tmp_path):
    path = make_zip({"news.tsv": NEWS, "behaviors.tsv": many_rows()})
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match=r"raw.zip: damaged or truncated zip file"):
        prepared(options("mind"), [path])
    with pytest.raises(DataError, match=r"nothing.zip: no such file"):
        prepared(options("mind"), [tmp_path / "nothing.zip"])


def test_a_flipped_byte_inside_a_member_is_an_error(options, prepared, make_zip):
    path = make_zip({"news.tsv": NEWS, "behaviors.tsv": many_rows()})
    content = bytearray(path.read_bytes())
    content[120] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"raw.zip: damaged or truncated zip file"):
        prepared(options("mind"), [path])


HELD_OUT = {"method": "held-out-users", "test_users": 1, "train_users": None, "valid": 0.5, "seed": 0}


def test_held_out_users_are_history_up_to_their_last_item(options, prepared, make_zip):
    """By hand: of three users one trains, of the two others the last item of the history is the target."""
    rows = behaviors(
        ("U1", "11/13/2019 9:00:00 AM", "N1 N2 N3", "N7-0 N4-1"),
        ("U1", "11/14/2019 9:00:00 AM", "N1 N2 N3", "N5-0"),
        ("U2", "11/13/2019 9:00:00 AM", "N2 N3", "N9-1 N1-0 N2-1"),
        ("U3", "11/13/2019 9:00:00 AM", "N3 N2 N1 N4", ""),
        ("U4", "11/13/2019 9:00:00 AM", "N1", "N2-1 N3-0"),
    )
    chosen = options("mind", HELD_OUT) | {"impressions": "candidates"}
    tables = prepared(chosen, [make_zip({"news.tsv": NEWS, "behaviors.tsv": rows})])
    assert [tables.sequence(user) for user in range(3)] == [["N1", "N2", "N3"], ["N2", "N3"], ["N3", "N2", "N1", "N4"]]
    labels = tables.interactions.groupby("user")["split"].apply(list).tolist()
    of = {own[-1]: user for user, own in enumerate(labels)}
    assert set(of) == {"train", "valid", "test"}
    for split, user in of.items():
        before = "train" if split == "train" else "context"
        assert labels[user] == [before] * (len(labels[user]) - 1) + [split]
    targets = tables.targets.set_index("split")
    assert targets.index.tolist() == sorted(["valid", "test"], key=of.get)
    for split in ("valid", "test"):
        raw_id = tables.items["raw_id"][targets.loc[split, "item"]]
        assert raw_id == tables.sequence(of[split])[-1]
        assert targets.loc[split, "position"] == len(labels[of[split]]) - 1
    # What was shown: U3 saw nothing, U4 has one item and is not used, N7 to N9 and N5 are in no history.
    shown = tables.candidates
    assert shown["impression"].tolist() == [0, 0, 1, 2, 2, 2]
    assert shown["user"].tolist() == [0, 0, 0, 1, 1, 1]
    assert shown["raw_id"].tolist() == ["N7", "N4", "N5", "N9", "N1", "N2"]
    assert shown["clicked"].tolist() == [False, True, False, True, False, True]
    known = shown.dropna(subset="item")
    assert tables.items["raw_id"][known["item"]].tolist() == known["raw_id"].tolist() == ["N4", "N1", "N2"]
    assert shown["split"].tolist() == [labels[user][-1] for user in shown["user"]]
    counts = tables.stats["counts"]
    assert (counts["candidates"], counts["clicked_candidates"]) == (6, 3)
    assert (counts["candidates_outside_the_catalogue"], counts["candidates_of_unused_users"]) == (3, 2)


def test_bad_rows_are_counted_once_where_impressions_are_candidates(options, prepared, make_zip):
    odd = "9\tU9\t02/30/2019 9:00:00 AM\tN1\tN2-1\n"
    path = make_zip({"news.tsv": NEWS, "behaviors.tsv": many_rows(odd)})
    tables = prepared(options("mind", HELD_OUT) | {"impressions": "candidates"}, [path])
    parts = {part["member"]: part for part in tables.stats["files"][0]["parts"]}
    assert len(tables.stats["files"][0]["parts"]) == 2
    assert parts["behaviors.tsv"]["bad"] == {"bad_date": 1}
    assert len(tables.candidates) == 400


def test_impressions_are_no_candidates_without_users_of_their_own(options):
    with pytest.raises(ValueError, match="impressions: candidates with the reader mind and the split held-out-users"):
        Dataset.model_validate({**options("mind"), "impressions": "candidates"})
