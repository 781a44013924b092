"""What columns are, by their names and by what stands in them."""

import pytest

from semtok.data.guess import interactions_of, items_of
from semtok.errors import DataError


@pytest.fixture
def write(tmp_path):
    def write(text, name="x.csv"):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return write


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("userId,movieId,rating,timestamp\n1,2,4.5,1112486027\n", "x.csv", ("userId", "movieId", "timestamp", "s")),
        (
            "reviewerID;asin;unixReviewTime\nA;B;1112486027000\n",
            "x.csv",
            ("reviewerID", "asin", "unixReviewTime", "ms"),
        ),
        ("Date\tUser ID\tProduct\n2020-01-02\tA\tB\n", "x.tsv", ("User ID", "Product", "Date", "ISO8601")),
        (
            "user_id:token\titem_id:token\ttimestamp:float\n1\t2\t1112486027.0\n",
            "x.inter",
            ("user_id", "item_id", "timestamp", "s"),
        ),
        ('{"session": 1, "item": 2, "ts": 1112486027000000}\n', "x.jsonl", ("session", "item", "ts", "us")),
    ],
)
def test_usual_names_are_known(write, text, name, expected):
    found = interactions_of(write(text, name), {})
    assert (found.user, found.item, found.timestamp, found.time_format) == expected
    assert found.rating is None
    assert found.session is None


@pytest.mark.parametrize(
    ("text", "given", "message"),
    [
        (
            "who,what,when\n1,2,1112486027\n",
            {},
            "found the columns who, what, when; cannot tell which is the user: expected --user",
        ),
        (
            "who,what,when\n1,2,1112486027\n",
            {"user": "whom"},
            "--user whom: no such column; expected one of who, what, when",
        ),
        ("user,item\n1,2\n", {}, "which is the timestamp.*--timestamp none"),
        ("user,item,time\n1,2,01.02.2020\n", {}, r"times such as '01.02.2020' are written; expected --time-format"),
        ("1,2,1112486027\n", {}, "line 1: found '1,2,1112486027', which are no names of columns; expected --header"),
        ("user,item,time\n", {}, "found no rows"),
    ],
)
def test_where_nothing_can_be_guessed_the_option_is_named(write, text, given, message):
    with pytest.raises(DataError, match=rf"x\.csv: .*{message}"):
        interactions_of(write(text), given)


def test_what_is_given_is_no_guess(write):
    path = write("a|b|c|stars\n1|2|01.02.2020|3\n")
    given = {
        "user": "a",
        "item": "b",
        "timestamp": "c",
        "time_format": "%d.%m.%Y",
        "rating": "stars",
        "min_rating": 4.0,
    }
    found = interactions_of(path, given)
    assert found.delimiter == "|"
    assert found.columns == {"user": "a", "item": "b", "timestamp": "c", "rating": "stars"}
    unnamed = interactions_of(write("u,i\n1,2\n", "y.csv"), {"user": "u", "item": "i", "timestamp": "none"})
    assert unnamed.timestamp is None
    headless = interactions_of(write("1,2\n", "z.csv"), {"header": ["user", "item"], "timestamp": "none"})
    assert headless.header == ["user", "item"]


def test_texts_are_what_is_neither_number_nor_address(write):
    rows = "".join(f"{i},http://x/{i}.jpg,10.{i},40.{i},{i * 3},red,word {i},Name {i}\n" for i in range(20))
    path = write(f"asin,image,lng,lat,price,colour,about,Title\n{rows}")
    found, texts = items_of(path, "item", {})
    assert found.columns == {"raw_id": "asin", "latitude": "lat", "longitude": "lng", "image": "image"}
    assert texts == ["Title", "about"]
    assert items_of(path, "price", {})[0].id == "price"
    assert items_of(path, "item", {"text": ["colour"]})[1] == ["colour"]
    with pytest.raises(DataError, match="--text brand: no such column; expected one of asin, image"):
        items_of(path, "item", {"text": ["brand"]})
