import numpy as np
import pytest

from semtok.errors import DataError
from semtok.run.files import atomic_path, read_array, read_json, sha256, write_array, write_json, write_text


def test_a_failed_write_leaves_the_old_file_and_no_temporary_file(tmp_path):
    path = tmp_path / "table.csv"
    write_text(path, "old")
    with pytest.raises(RuntimeError), atomic_path(path) as temporary:  # noqa: PT012
        temporary.write_text("half of the new")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_temporary_name_keeps_the_suffix(tmp_path):
    with atomic_path(tmp_path / "figure.svg") as temporary:
        assert temporary.suffix == ".svg"
        temporary.write_text("x")


def test_json_and_arrays_come_back(tmp_path):
    write_json(tmp_path / "a" / "facts.json", {"é": [1, 2.5]})
    assert read_json(tmp_path / "a" / "facts.json") == {"é": [1, 2.5]}
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    write_array(tmp_path / "vectors.npy", array)
    np.testing.assert_array_equal(read_array(tmp_path / "vectors.npy"), array)


def test_json_refuses_nan(tmp_path):
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(tmp_path / "facts.json", {"loss": float("nan")})
    assert not (tmp_path / "facts.json").exists()


def test_arrays_are_never_pickles(tmp_path):
    np.save(tmp_path / "evil.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match=r"evil\.npy.*Python objects|allow_pickle"):
        read_array(tmp_path / "evil.npy")


def test_sha256_of_the_empty_file(tmp_path):
    (tmp_path / "empty").touch()
    assert sha256(tmp_path / "empty") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
