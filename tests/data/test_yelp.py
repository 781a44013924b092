"""The Yelp reader on hand-written files."""

import json

import pytest

from semtok.errors import DataError

BUSINESSES = [
    {"business_id": f"b{i}", "name": f"Name {i}", "city": "Reno", "address": f"{i} Main St", "state": "NV",
     "categories": "Bars, Pizza", "attributes": {"WiFi": "no"}, "hours": None, "stars": 4.5}
    for i in range(5)
]  # fmt: skip


def review(user, business, stars, date="2018-07-07 22:09:11"):
    text = "good \t é   {"
    return {"review_id": "r", "user_id": user, "business_id": business, "stars": stars, "date": date, "text": text}


@pytest.fixture
def files(make_gzip, tmp_path):
    """Businesses as plain lines, reviews packed; either as the publisher names them."""

    def write(reviews, businesses=BUSINESSES):
        plain = tmp_path / "yelp_academic_dataset_business.json"
        plain.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in businesses))
        return [plain, make_gzip(reviews, "yelp_academic_dataset_review.json.gz")]

    return write


def test_reviews_above_three_stars_are_interactions(options, prepared, files):
    reviews = [
        review("u1", "b1", 5.0, "2018-07-07 22:09:11"),
        review("u1", "b0", 4, "2018-07-06 22:09:11"),
        review("u1", "b2", 3.0),
        review("u2", "b2", 1.0),
        review("u2", "b3", 3.5),
        review("u2", "b0", 5.0, "2019-01-01 00:00:00"),
    ]
    tables = prepared(options("yelp"), files(reviews))
    assert [tables.sequence(user) for user in (0, 1)] == [["b0", "b1"], ["b3", "b0"]]
    assert tables.interactions["timestamp"].tolist()[:2] == [1530914951, 1531001351]
    assert tables.stats["counts"]["reviews_that_do_not_like"] == 2
    assert tables.items.loc[0].to_dict() == {
        "item": 0,
        "raw_id": "b0",
        "name": "Name 0",
        "city": "Reno",
        "address": "0 Main St",
        "state": "NV",
        "category": "Bars, Pizza",
    }


def test_packed_and_plain_files_are_the_same_whatever_their_names(options, prepared, files, make_gzip, tmp_path):
    reviews = [review(f"u{i % 9}", f"b{i % 5}", 4.0) for i in range(60)]
    one = prepared(options("yelp"), files(reviews))
    packed = make_gzip(BUSINESSES, "packed_business.json")
    plain = tmp_path / "plain_review.json.gz"
    plain.write_text("".join(f"{json.dumps(line)}\n" for line in reviews))
    other = prepared(options("yelp"), [packed, plain])
    assert one.interactions.equals(other.interactions)
    assert one.items.equals(other.items)


GOOD = review("u1", "b1", 5.0)


@pytest.mark.parametrize(
    ("bad", "kind"),
    [
        ({key: value for key, value in GOOD.items() if key != "stars"}, "missing_value"),
        (GOOD | {"user_id": None}, "missing_value"),
        (GOOD | {"business_id": ""}, "missing_value"),
        (GOOD | {"stars": 0}, "bad_rating"),
        (GOOD | {"stars": 11.0}, "bad_rating"),
        (GOOD | {"stars": "five"}, "malformed"),
        (GOOD | {"date": "2018-02-30 10:00:00"}, "bad_date"),
        (GOOD | {"date": "7 July"}, "bad_date"),
        (GOOD | {"date": 1530914951}, "malformed"),
        ("[1, 2]", "malformed"),
        ("", "malformed"),
        ('{"user_id": "u1", "bus', "malformed"),
    ],
)
def test_isolated_bad_reviews_are_counted_and_many_are_refused(options, prepared, files, bad, kind):
    reviews = [review(f"u{i % 20:02d}", f"b{i % 5}", 4.0 + i % 2) for i in range(200)]
    clean = prepared(options("yelp"), files(reviews))
    reviews.insert(150, bad)
    tables = prepared(options("yelp"), files(reviews))
    (part,) = tables.stats["files"][1]["parts"]
    assert part == {"member": None, "rows": 201, "bad": {kind: 1}}
    assert tables.interactions.equals(clean.interactions)
    reviews[10:10] = [bad, bad]
    with pytest.raises(DataError, match=rf"review.json.gz: 3 of 203 rows .*\n  line 11: {kind}"):
        prepared(options("yelp"), files(reviews))


def test_bad_businesses_are_counted_and_refused_with_their_line(options, prepared, files):
    reviews = [review(f"u{i % 20}", "b1", 4.0) for i in range(99)]
    many = BUSINESSES + [{"business_id": f"c{i}", "name": "n"} for i in range(200)]
    tables = prepared(options("yelp"), files(reviews, [*many, {"name": "nobody"}]))
    assert tables.stats["files"][0]["parts"][0]["bad"] == {"missing_value": 1}
    with pytest.raises(DataError, match=r"business.json: 1 of 6 rows are unusable.*\n  line 6: missing_value"):
        prepared(options("yelp"), files(reviews, [*BUSINESSES, {"business_id": "", "name": "nobody"}]))


def test_a_missing_file_is_an_error(options, prepared, files, tmp_path):
    reviews = files([GOOD])
    with pytest.raises(DataError, match=r"nothing_business.json: no such file"):
        prepared(options("yelp"), [tmp_path / "nothing_business.json", reviews[1]])
    with pytest.raises(DataError, match="expected a file of reviews"):
        prepared(options("yelp"), reviews[:1])
