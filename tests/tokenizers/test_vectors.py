import numpy as np
import pytest

from semtok.errors import DataError
from semtok.tokenizers import vectors as module
from semtok.tokenizers.vectors import read_catalogue


def save(path, array):
    np.save(path / "vectors.npy", array)
    return path / "vectors.npy"


def test_missing_rows_are_told_apart(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "CHUNK", 2)
    rows = np.array([[1, 2], [np.nan, np.nan], [3, 6], [np.nan, 0], [5, 1]], dtype=np.float32)
    catalogue = read_catalogue(save(tmp_path, rows))
    assert catalogue.present.tolist() == [0, 2, 4]
    assert catalogue.missing == 2
    assert catalogue.mean.tolist() == [3, 3]
    assert catalogue.spread(np.array([[1], [2], [3]]), np.array([9])).tolist() == [[1], [9], [2], [9], [3]]


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((3, 2)), "float64"),
        (np.zeros(3, dtype=np.float32), r"expected float32 \[n_items, dim\]"),
        (np.full((3, 2), np.nan, dtype=np.float32), "no item of 3"),
        (np.array([[1, 2], [np.inf, 1]], dtype=np.float32), "infinity"),
    ],
)
def test_unusable_vectors_are_an_error(tmp_path, array, message):
    with pytest.raises(DataError, match=message):
        read_catalogue(save(tmp_path, array))
