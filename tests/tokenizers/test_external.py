import json

import numpy as np
import pytest

from semtok.config.tokenizers import ExternalTokenizer
from semtok.errors import DataError
from semtok.tokenizers.collisions import with_suffix
from semtok.tokenizers.external import read_array_codes
from semtok.tokenizers.measures import collision_rate
from semtok.tokenizers.train import tokenize


@pytest.fixture
def run(tmp_path, written):
    items, _ = written(np.zeros((3, 2), dtype=np.float32))

    def read(content, keys="raw", name="codes.json"):
        path = tmp_path / name
        if isinstance(content, np.ndarray):
            np.save(path, content)
        elif content is not None:
            path.write_text(content if isinstance(content, str) else json.dumps(content))
        return tokenize(ExternalTokenizer(method="external", path=str(path), keys=keys), items, {}, seed=0)

    return read


def test_json_by_raw_id_in_the_order_of_the_catalogue(run):
    tokens = run({"N2": ["<a_5>", "<b_0>"], "N0": ["<a_1>", "<b_2>"], "N1": ["<a_63>", "<b_4>"], "N9": ["<a_0>"]})
    assert tokens.codes.tolist() == [[1, 2], [63, 4], [5, 0]]
    assert tokens.codes.dtype == np.int32
    assert tokens.facts == {"unknown_items": 1}


def test_json_by_row(run):
    tokens = run({"2": ["<a_5>"], "0": ["<a_1>"], "1": ["<a_6>"]}, keys="index")
    assert tokens.codes.tolist() == [[1], [6], [5]]


def test_plain_numbers(run):
    tokens = run({"N2": [5, 0], "N0": [1, 2], "N1": [63, 2**31 - 1]})
    assert tokens.codes.tolist() == [[1, 2], [63, 2**31 - 1], [5, 0]]
    assert tokens.codes.dtype == np.int32


def test_items_of_one_tuple_are_kept_and_count_as_collisions(run):
    codes = run({"N0": ["<a_1>", "<b_2>"], "N1": ["<a_3>", "<b_2>"], "N2": ["<a_1>", "<b_2>"]}).codes
    assert codes.tolist() == [[1, 2], [3, 2], [1, 2]]
    assert collision_rate(codes) == pytest.approx(1 / 3)
    assert with_suffix(codes)[:, -1].tolist() == [0, 0, 1]


def test_array(run):
    codes = np.array([[1, 2], [3, 4], [5, 6]], dtype=np.int64)
    np.testing.assert_array_equal(run(codes, name="codes.npy").codes, codes)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"N0": ["<a_1>"], "N1": ["<a_1>"]}, r"1 of 3 items are missing, the first is 'N2'"),
        ({"0": ["<a_1>"], "1": ["<a_1>"], "2": ["<a_1>"]}, r"first key is '0' \(does `keys`"),
        ({"N0": ["<a_1>"], "N1": ["<a_1>", "<b_1>"], "N2": ["<a_1>"]}, r"'N1' has 2 codes and item 'N0' has 1"),
        ({"N0": ["<a_1>"], "N1": ["<a_-1>"], "N2": ["<a_1>"]}, r"'N1', level 1: found '<a_-1>'"),
        ({"N0": ["<a_1>"], "N1": ["<b_1>"], "N2": ["<a_1>"]}, r"'N1', level 1: found '<b_1>'; expected \"<a_N>\""),
        ({"N0": [1, 2], "N1": [1, -7], "N2": [1, 2]}, r"'N1', level 2: found -7; expected \"<b_N>\" or N, from 0 up"),
        ({"N0": [1], "N1": [2**31], "N2": [1]}, r"'N1', level 1: found 2147483648"),
        ({"N0": [1], "N1": [7.0], "N2": [1]}, r"'N1', level 1: found 7\.0"),
        ({"N0": [1], "N1": [True], "N2": [1]}, r"'N1', level 1: found True"),
        ({"N0": [1, 2], "N1": [[1, 2]], "N2": [1, 2]}, r"'N1', level 1: found \[1, 2\]"),
        ({"N0": ["<a_1>"], "N1": [], "N2": ["<a_1>"]}, r"'N1': found \[\]"),
        ({"N0": ["<a_1>"], "N1": "<a_1>", "N2": ["<a_1>"]}, r"'N1': found '<a_1>'"),
        ('{"N0": ["<a_1>"], "N0": ["<a_2>"]}', r"item 'N0' occurs twice"),
        ("{", "not usable JSON"),
        ([1], "found a JSON list"),
        (None, "no such file"),
    ],
)
def test_json_mistakes_name_the_item(run, content, message):
    with pytest.raises(DataError, match=message):
        run(content)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((2, 2), dtype=int), r"\[2, 2\]; expected integers \[3, n_levels\]"),
        (np.zeros((3, 2)), "float64"),
        (np.zeros((3, 0), dtype=int), "expected integers"),
        (np.zeros(3, dtype=int), "expected integers"),
        (np.array([[0, 1], [2, -3], [4, 5]]), "item 1, level 2: found -3"),
        (np.array([[0, 1], [2, 2**31], [4, 5]]), "item 1, level 2: found 2147483648"),
    ],
)
def test_array_mistakes_name_the_item(tmp_path, array, message):
    np.save(tmp_path / "codes.npy", array)
    with pytest.raises(DataError, match=message):
        read_array_codes(tmp_path / "codes.npy", 3)


def test_pickled_array_is_refused(tmp_path):
    np.save(tmp_path / "codes.npy", np.array([{}, 1], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="not a readable"):
        read_array_codes(tmp_path / "codes.npy", 2)
