"""Sequences as papers publish them: `{user: [item, ...]}`, with or without a file of texts."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semtok.data.raw import RawFile
from semtok.data.readers import sequences
from semtok.data.report import Report
from semtok.errors import DataError

INTER = {"0": [7, 3, 3, 11], "10": [3, 11, 7], "2": ["B0", 7, 3]}
WITHOUT_TEXTS = {"text_fields": []}


@pytest.fixture
def write(tmp_path):
    def make(content, name="Beauty.inter.json"):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content, indent=4))
        return path

    return make


@pytest.fixture
def read(options, prepared, write):
    """Prepare sequences alone, which have no texts."""

    def run(content, split=None, **filters):
        chosen = options("sequences", split, **{"without_text": "keep", **filters}) | WITHOUT_TEXTS
        return prepared(chosen, [write(content)])

    return run


@pytest.fixture
def read_samples(options, prepared, write):
    """Prepare one file of samples alone."""

    def run(content):
        chosen = options("sequences", without_text="keep") | WITHOUT_TEXTS
        return prepared(chosen, [write(content, "train.csv")])

    return run


def test_the_order_of_the_list_is_the_order_of_time(read):
    tables = read(INTER)
    # Users by their ids as texts.
    assert [tables.sequence(user) for user in range(3)] == [["7", "3", "3", "11"], ["3", "11", "7"], ["B0", "7", "3"]]
    assert tables.items.columns.tolist() == ["item", "raw_id"]
    times = tables.interactions.groupby("user")["timestamp"]
    assert (times.diff().dropna() == 1).all()
    assert tables.stats["counts"]["made_up_times"] == 10
    assert tables.stats["files"][0]["parts"] == [{"member": None, "rows": 10, "bad": {}}]


def test_the_last_item_is_test_and_the_last_but_one_valid(read):
    tables = read(INTER)
    for split, place in (("test", -1), ("valid", -2)):
        targets = tables.targets[tables.targets["split"] == split]
        found = targets.sort_values("user")["item"]
        assert tables.items["raw_id"].iloc[found].tolist() == [str(items[place]) for items in INTER.values()]


def test_repeats_are_filtered_in_that_order(read):
    assert read(INTER, duplicates="drop_repeats").sequence(0) == ["7", "3", "11"]


def test_texts_by_whatever_fields_there_are(options, prepared, write):
    described = {
        "7": {"title": "A <b>brush</b> &amp; comb", "categories": ["Hair", "Tools"], "price": 3.5, "latitude": 4},
        "3": {"title": "", "item": "x", "price": None},
        "11": {"title": {"en": "no text"}},
        "B0": {},
        "99": {"title": "nobody had it", "brand": "unheard of"},
    }
    files = [write(INTER), write(described, "Beauty.item.json")]
    chosen = options("sequences", without_text="keep") | {"text_fields": ["title", "categories"]}
    items = prepared(chosen, files).items.set_index("raw_id")
    assert items.columns.tolist() == ["item", "title", "categories", "price", "brand"]
    assert items.loc["7", ["title", "categories", "price"]].tolist() == ["A brush & comb", "Hair, Tools", "3.5"]
    assert items.loc[["3", "11", "B0"], ["title", "categories", "price"]].isna().all(axis=None)
    assert items["brand"].isna().all()


def test_text_fields_that_the_file_lacks_are_an_error(options, prepared, write):
    files = [write(INTER), write({"7": {"title": "Soap"}}, "item.json")]
    with pytest.raises(DataError, match=r"text_fields: \['abstract'\] are not among .*'title'"):
        prepared(options("sequences", without_text="keep") | {"text_fields": ["title", "abstract"]}, files)


def test_items_that_the_file_of_texts_lacks_are_unlisted(options, prepared, write):
    files = [write(INTER), write({"99": {"title": "of another shop"}}, "item.json")]
    with pytest.raises(
        DataError, match=r"10 of 10 interactions have items that the metadata do not list.*do the files"
    ):
        prepared(options("sequences", without_text="keep") | {"text_fields": ["title"]}, files)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", r"not usable JSON .*expected \{user: \[item, \.\.\.\]\}"),
        ("[[1, 2]]", r"found a JSON list; expected an object \{user"),
        ("{}", "no rows"),
        ({"1": [1], "2": []}, r"user '2': found \[\]; expected a list of items"),
        ({"1": "12"}, r"user '1': found '12'; expected a list of items"),
        ({"1": {"7": 1}}, r"user '1': found \{'7': 1\}"),
        ({"1": [1, 2.0]}, r"user '1', item 2 of 2: found 2\.0; expected an integer or a string"),
        ({"1": [True]}, "user '1', item 1 of 1: found True"),
        ({"1": [None]}, "user '1', item 1 of 1: found None"),
        ({"1": [[1, 2]]}, r"user '1', item 1 of 1: found \[1, 2\]"),
        ({"1": [""]}, "user '1', item 1 of 1: found ''"),
        ({"1": ["\ud800"]}, "user '1', item 1 of 1: found"),
        ({"": [1]}, "found the user ''"),
        ('{"1": [1], "2": [1], "1": [2]}', "user '1' occurs twice"),
    ],
)
def test_mistakes_name_the_file_and_the_user(read, content, message):
    with pytest.raises(DataError, match=rf"Beauty\.inter\.json: {message}"):
        read(content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"7": "A brush"}, r"item '7': found 'A brush'; expected \{field: text"),
        ({"7": {f"f{number}": "x" for number in range(101)}}, "found 101 different fields; expected at most 100"),
        ('{"7": {"title": "a", "title": "b"}}', "key 'title' occurs twice"),
        ([], "found a JSON list"),
    ],
)
def test_mistakes_in_texts_name_the_item(options, prepared, write, content, message):
    with pytest.raises(DataError, match=rf"Beauty\.item\.json: {message}"):
        prepared(options("sequences", without_text="keep"), [write(INTER), write(content, "Beauty.item.json")])


def test_files_must_be_there_be_sequences_and_share_no_user(write, tmp_path):
    def read(*paths):
        return list(sequences.read_interactions([RawFile(path) for path in paths], Report()))

    with pytest.raises(DataError, match=r"gone\.json: no such file"):
        read(tmp_path / "gone.json")
    with pytest.raises(DataError, match=r"item\.json: expected a file of sequences"):
        read(write({"1": {"title": "x"}}, "item.json"))
    parts = [write({"1": [1], "2": [2]}, "a.json"), write({"3": [3]}, "b.json"), write({"2": [4]}, "c.json")]
    assert [len(chunk) for chunk in read(*parts[:2])] == [2, 1]
    with pytest.raises(DataError, match=r"c\.json: user '2' is in a file before this one"):
        read(*parts)


HEADER = "user_id,history_item_title,item_title,history_item_id,item_id\n"
# As MiniOneRec writes them: a row for each target, here with the latest two items before it.
TRAIN = (
    HEADER
    + """A1,"['Soap']",Comb,[7],3
A1,"['Soap', 'Comb']",Comb,"[7, 3]",3
B2,"['Brush']",Soap,['11'],7
"""
)
VALID = (
    HEADER
    + """A1,"['Comb', 'Comb']",Brush,"[3, 3]",11
C3,"['Comb']",Soap,[3],7
"""
)
TEST = HEADER + "B2,\"['Brush', 'Soap']\",Comb,\"[11, 7]\",3\n"


def test_samples_are_put_together_to_sequences(options, prepared, write):
    files = [write(TRAIN, "train.csv"), write(VALID, "valid.csv"), write(TEST, "test.csv")]
    named = {"files": [{"path": file.name} for file in files]}
    tables = prepared(options("sequences", without_text="keep") | WITHOUT_TEXTS | named, files)
    assert [tables.sequence(user) for user in range(3)] == [["7", "3", "3", "11"], ["11", "7", "3"], ["3", "7"]]
    assert [file["parts"] for file in tables.stats["files"]] == [
        [{"member": None, "rows": rows, "bad": {}}] for rows in (3, 2, 1)
    ]
    assert tables.stats["counts"]["made_up_times"] == 9


@given(
    st.lists(st.lists(st.integers(0, 9), min_size=2, max_size=8), min_size=1, max_size=4),
    st.integers(1, 8),
    st.data(),
)
def test_samples_of_any_sequences_give_them_back(tmp_path_factory, sequences_of, n_latest, data):
    rows = [
        (data.draw(st.integers(0, 2)), user, place)
        for user, items in enumerate(sequences_of)
        for place in range(1, len(items))
    ]
    # A user's later targets are in no earlier file: what is drawn says how soon the files come.
    by_user = {user: sorted(part for part, of, _ in rows if of == user) for user in range(len(sequences_of))}
    folder = tmp_path_factory.mktemp("samples")
    files = []
    for part, name in enumerate(("train.csv", "valid.csv", "test.csv")):
        lines = [
            f'u{user},"{sequences_of[user][max(0, place - n_latest) : place]}",{sequences_of[user][place]}'
            for _, user, place in rows
            if by_user[user][place - 1] == part
        ]
        (folder / name).write_text("user_id,history_item_id,item_id\n" + "".join(f"{line}\n" for line in lines))
        files += [RawFile(folder / name)] if lines else []
    (frame,) = sequences.read_interactions(files, Report())
    found = frame.groupby("user")["item"].agg(list).tolist()
    # Of each first sample the whole history is there: the histories that are cut are later ones.
    assert found == [[str(item) for item in items] for items in sequences_of]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            "A1,[7],3\nA1,[3],5\nA1,[7],9\n",
            r"line 4: user 'A1' has the history \['7'\]; expected the end of \['7', '3', '5'\]",
        ),
        ('A1,[7],3\nA1,"[1, 7, 3]",5\n', r"line 3: user 'A1' has the history \['1', '7', '3'\]"),
        ("A1,[],3\n", r"line 2: user 'A1' has the history \[\]"),
        ("A1,7,3\n", r"line 2: found history_item_id '7'; expected \[item"),
        ('A1,"[7",3\n', "line 2: found history_item_id"),
        ("A1,__import__('os'),3\n", "line 2: found history_item_id"),
        ("A1,[7],\n", "user 'A1', item 1 of 1: found ''"),
    ],
)
def test_mistakes_in_samples_name_the_line(read_samples, rows, message):
    with pytest.raises(DataError, match=rf"train\.csv.*{message}"):
        read_samples("user_id,history_item_id,item_id\n" + rows)


def test_samples_lack_no_column(read_samples):
    with pytest.raises(DataError, match=r"train\.csv: found the columns user, .*expected 'user_id'"):
        read_samples("user,history_item_id,item_id\nA1,[7],3\n")


def test_a_user_is_in_files_of_one_form(write):
    files = [RawFile(write(INTER)), RawFile(write(TRAIN.replace("A1", "10"), "train.csv"))]
    with pytest.raises(DataError, match=r"train\.csv: user '10' is in a file of another form"):
        list(sequences.read_interactions(files, Report()))
