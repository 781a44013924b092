"""The three Amazon readers on hand-written files."""

import json

import pytest

from semtok.errors import DataError

REVIEWS = {
    "amazon2014": ("reviews_Beauty_5.json.gz", "meta_Beauty.json.gz"),
    "amazon2018": ("Office_Products_5.json.gz", "meta_Office_Products.json.gz"),
    "amazon2023": ("Office_Products.jsonl.gz", "meta_Office_Products.jsonl.gz"),
}
DAY = 86_400
START = 1_400_000_000


def review(reader, user, item, day):
    time = START + day * DAY
    if reader == "amazon2023":
        return {"user_id": user, "asin": "variant", "parent_asin": item, "timestamp": time * 1000 + 999, "rating": 5.0}
    return {"reviewerID": user, "asin": item, "unixReviewTime": time, "overall": 5.0, "reviewText": "a\tb é \u2028 {"}


def product(reader, item, **fields):
    if reader == "amazon2014":
        return repr({"asin": item, **fields})
    key = "parent_asin" if reader == "amazon2023" else "asin"
    return {key: item, **fields}


@pytest.fixture(params=sorted(REVIEWS))
def reader(request):
    return request.param


@pytest.fixture
def files(reader, make_gzip):
    """Write reviews and metadata of the reader."""

    def write(reviews, products):
        names = REVIEWS[reader]
        return [make_gzip(reviews, names[0]), make_gzip(products, names[1])]

    return write


def some_reviews(reader, count=200):
    return [review(reader, f"U{i % 20:02d}", f"I{i % 7}", i) for i in range(count)]


def some_products(reader, count=7):
    return [product(reader, f"I{i}", title=f"Title {i}") for i in range(count)]


def test_reviews_come_in_order_of_time_whatever_the_file(reader, options, prepared, files):
    reviews = [review(reader, *row) for row in [("U1", "I2", 3), ("U2", "I0", 1), ("U1", "I1", 1), ("U1", "I0", 1)]]
    tables = prepared(options(reader), files(reviews, some_products(reader)))
    assert tables.sequence(0) == ["I1", "I0", "I2"]
    assert tables.sequence(1) == ["I0"]
    assert tables.interactions["timestamp"].tolist() == [START + day * DAY for day in (1, 1, 3, 1)]
    assert tables.items["raw_id"].tolist() == ["I0", "I1", "I2"]
    assert tables.items["title"].tolist() == ["Title 0", "Title 1", "Title 2"]
    assert tables.targets[["user", "item", "split", "position"]].to_numpy().tolist() == [
        [0, 0, "valid", 1],
        [0, 2, "test", 2],
    ]
    stats = tables.stats
    assert (stats["users"], stats["items"], stats["interactions"], stats["density"]) == (2, 3, 4, 4 / 6)
    assert stats["length"] == {"min": 1, "max": 3, "mean": 2.0, "median": 2.0}
    assert [len(file["sha256"]) for file in stats["files"]] == [64, 64]


def bad_line(reader, kind):
    user, item, time = {"amazon2023": ("user_id", "parent_asin", "timestamp")}.get(
        reader, ("reviewerID", "asin", "unixReviewTime")
    )
    good = review(reader, "U1", "I1", 0)
    return {
        "no user": {key: value for key, value in good.items() if key != user},
        "null item": good | {item: None},
        "empty user": good | {user: ""},
        "date 0": good | {time: 0},
        "far date": good | {time: 10**14},
        "text for a number": good | {time: "soon"},
        "thirty digits": good | {time: 10**30},
        "number for a text": good | {item: 7},
        "half a line": '{"reviewerID": "U1", "as',
        "a list": "[1, 2]",
        "an empty line": "",
        "undecodable": json.dumps(good | {user: "?"}).encode().replace(b"?", b"\xff"),
    }[kind]


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        ("no user", "missing_value"),
        ("null item", "missing_value"),
        ("empty user", "missing_value"),
        ("date 0", "bad_date"),
        ("far date", "bad_date"),
        ("text for a number", "malformed"),
        ("thirty digits", "malformed"),
        ("number for a text", "malformed"),
        ("half a line", "malformed"),
        ("a list", "malformed"),
        ("an empty line", "malformed"),
        ("undecodable", "malformed"),
    ],
)
def test_isolated_bad_reviews_are_counted_and_many_are_refused(reader, options, prepared, files, what, kind):
    bad = bad_line(reader, what)
    reviews = some_reviews(reader)
    clean = prepared(options(reader), files(reviews, some_products(reader)))
    reviews.insert(150, bad)
    tables = prepared(options(reader), files(reviews, some_products(reader)))
    assert tables.stats["files"][0]["parts"] == [{"member": None, "rows": 201, "bad": {kind: 1}}]
    assert tables.interactions.equals(clean.interactions)
    reviews[10:10] = [bad, bad]
    with pytest.raises(DataError, match=rf"3 of 203 rows are unusable, expected at most 1%\n  line 11: {kind}: "):
        prepared(options(reader), files(reviews, some_products(reader)))


def test_undecodable_bytes_matter_in_the_fields_that_are_read_only(reader, options, prepared, files):
    text = json.dumps(review(reader, "U1", "I1", 0) | {"text": "?"}).encode().replace(b"?", b"\xff")
    reviews = [*some_reviews(reader), text]
    # Alone, and in a block that has to be read line by line for another row's sake.
    for more, bad in ([], {}), (["{"], {"malformed": 1}):
        tables = prepared(options(reader), files(reviews + more, some_products(reader)))
        assert tables.stats["interactions"] == 201
        assert tables.stats["files"][0]["parts"][0]["bad"] == bad


def test_two_objects_on_a_line_are_not_two_rows(reader, options, prepared, files):
    two = json.dumps(review(reader, "U8", "I1", 0)) + json.dumps(review(reader, "U9", "I1", 0))
    tables = prepared(options(reader), files([*some_reviews(reader), two, ""], some_products(reader)))
    assert tables.stats["files"][0]["parts"][0]["bad"] == {"malformed": 2}
    assert tables.stats["interactions"] == 200


def test_a_missing_column_is_an_error_that_names_it(reader, options, prepared, files):
    column = "user_id" if reader == "amazon2023" else "reviewerID"
    reviews = [{key: value for key, value in row.items() if key != column} for row in some_reviews(reader)]
    with pytest.raises(DataError, match=rf"200 of 200 rows are unusable(.|\n)*missing_value: .*no {column}"):
        prepared(options(reader), files(reviews, some_products(reader)))


def test_an_empty_file_is_an_error(reader, options, prepared, files):
    with pytest.raises(DataError, match="no rows"):
        prepared(options(reader), files([], some_products(reader)))
    with pytest.raises(DataError, match=r"meta_.*: no rows"):
        prepared(options(reader), files(some_reviews(reader), []))


@pytest.mark.parametrize("which", [0, 1])
def test_a_truncated_gzip_file_is_an_error(reader, options, prepared, files, which):
    paths = files(some_reviews(reader), some_products(reader))
    paths[which].write_bytes(paths[which].read_bytes()[:-9])
    with pytest.raises(DataError, match=rf"{paths[which].name}: damaged or truncated gzip file"):
        prepared(options(reader), paths)


def test_something_else_than_gzip_is_an_error(reader, options, prepared, files):
    paths = files(some_reviews(reader), some_products(reader))
    paths[0].write_text("<html>Too many requests</html>")
    with pytest.raises(DataError, match="damaged or truncated gzip file"):
        prepared(options(reader), paths)


def test_the_first_of_repeated_metadata_is_taken_and_malformed_metadata_are_counted(reader, options, prepared, files):
    products = some_products(reader) + [product(reader, f"X{i}", title="x") for i in range(200)]
    products += [product(reader, "I3", title="again"), "{'asin': 'I4', "]
    tables = prepared(options(reader), files(some_reviews(reader), products))
    assert tables.items["title"].tolist() == [f"Title {i}" for i in range(7)]
    assert tables.stats["counts"]["duplicate_metadata"] == 1
    assert tables.stats["files"][1]["parts"][0]["bad"] == {"malformed": 1}


def test_unlisted_products_are_counted_until_there_are_too_many(reader, options, prepared, files):
    reviews = [*some_reviews(reader), review(reader, "U01", "I99", 500)]
    tables = prepared(options(reader), files(reviews, some_products(reader)))
    assert tables.stats["counts"]["interactions_of_unlisted_items"] == 1
    assert len(tables.items) == 7
    with pytest.raises(DataError, match="that the metadata do not list"):
        prepared(options(reader), files(reviews, some_products(reader, 5)))


def test_text_of_2014(options, prepared, make_gzip):
    fields = {
        "title": "Soap &amp; <b>Water</b>",
        "brand": "",
        "categories": [["Beauty", "Bath"], ["Beauty", "Soap"]],
        "description": " it's\n clean ",
        "price": 3.5,
    }
    files = [
        make_gzip([review("amazon2014", "U1", "I1", 1)], "reviews.json.gz"),
        make_gzip([product("amazon2014", "I1", **fields)], "meta_x.json.gz"),
    ]
    item = prepared(options("amazon2014"), files).items.iloc[0]
    assert item["title"] == "Soap & Water"
    assert item["brand"] is None or item.isna()["brand"]
    assert (item["type"], item["category"], item["description"]) == ("Beauty", "Beauty, Bath, Soap", "it's clean")


def test_python_in_metadata_is_never_evaluated(options, prepared, make_gzip, tmp_path):
    trap = f"{{'asin': 'I1', 'title': open({str(tmp_path / 'trap')!r}, 'w')}}"
    products = [product("amazon2014", f"I{i}", title="x") for i in range(200)] + [trap]
    files = [
        make_gzip([review("amazon2014", "U1", "I1", 1)], "reviews.json.gz"),
        make_gzip(products, "meta_x.json.gz"),
    ]
    assert prepared(options("amazon2014"), files).stats["files"][1]["parts"][0]["bad"] == {"malformed": 1}
    assert not (tmp_path / "trap").exists()


def test_a_literal_of_megabytes_is_not_parsed(options, prepared, make_gzip):
    products = [product("amazon2014", f"I{i}", title="x") for i in range(200)]
    products.append(product("amazon2014", "I1", categories=[[]] * (1 << 18)))
    files = [
        make_gzip([review("amazon2014", "U1", "I1", 1)], "reviews.json.gz"),
        make_gzip(products, "meta_x.json.gz"),
    ]
    assert prepared(options("amazon2014"), files).stats["files"][1]["parts"][0]["bad"] == {"malformed": 1}


@pytest.mark.parametrize("reader", ["amazon2018", "amazon2023"])
def test_text_of_2018_and_2023(reader, options, prepared, make_gzip):
    kind, brand, category = {
        "amazon2018": ("main_cat", "brand", "category"),
        "amazon2023": ("main_category", "store", "categories"),
    }[reader]
    lists = {category: ["Office", "Pens &amp; Ink"], "description": ["<p>Writes.</p>", "", "Well."]}
    products = [
        product(reader, "I0", title="A  &quot;pen&quot;", **{brand: "Acme", kind: "Office Products"}, **lists),
        product(reader, "I1", title="var aPageStart = (new Date()).getTime();", **{brand: "Odd", category: []}),
        # A text where the others have a list, so that the block does not fit as a whole.
        product(reader, "I2", title="<span>i &lt; 3</span>", **{category: "Office", "description": ""}),
    ]
    reviews = [review(reader, "U1", f"I{i}", i) for i in range(3)]
    tables = prepared(options(reader), [make_gzip(reviews, "r.gz"), make_gzip(products, "meta_r.gz")])
    columns = ["title", "brand", "type", "category", "description"]
    items = tables.items[columns].astype(object).where(tables.items[columns].notna(), None).to_numpy().tolist()
    assert items == [
        ['A "pen"', "Acme", "Office Products", "Office, Pens & Ink", "Writes. Well."],
        [None, "Odd", None, None, None],
        ["i < 3", None, None, "Office", None],
    ]
    assert tables.stats["counts"]["titles_that_are_scripts"] == 1


def test_a_dataset_without_metadata_is_an_error(options, prepared, make_gzip):
    with pytest.raises(DataError, match="no file describes items"):
        prepared(options("amazon2018"), [make_gzip(some_reviews("amazon2018"), "r.gz")])
