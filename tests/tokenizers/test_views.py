import mmap
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from semtok.errors import DataError
from semtok.tokenizers import vectors as vectors_module
from semtok.tokenizers.vectors import read_catalogue
from semtok.tokenizers.views import Views, row_keys

CPU = torch.device("cpu")


@pytest.fixture
def views(tmp_path):
    text = np.array([[1, 2], [3, 4], [np.nan, np.nan], [1, 2], [np.nan, np.nan]], dtype=np.float32)
    habit = np.array([[0], [5], [1], [np.nan], [np.nan]], dtype=np.float32)
    np.save(tmp_path / "text.npy", text)
    np.save(tmp_path / "collaborative.npy", habit)
    return Views({name: tmp_path / f"{name}.npy" for name in ("text", "collaborative")})


def test_a_batch_has_each_vector_once(views):
    batch = views.batch(np.array([3, 1, 2, 0]), CPU)
    assert batch.size == 4
    assert batch.rows["text"].tolist() == [0, 1, 3]
    assert len(batch.vectors["text"]) == 2
    assert batch.vectors["text"][batch.groups["text"]].tolist() == [[1, 2], [3, 4], [1, 2]]
    assert batch.rows["collaborative"].tolist() == [1, 2, 3]
    assert batch.vectors["collaborative"].tolist() == [[5], [1], [0]]
    assert batch.groups["collaborative"].tolist() == [0, 1, 2]


def test_items_are_those_with_any_view(views):
    assert views.items.tolist() == [0, 1, 2, 3]


def test_scale_is_that_of_the_vectors_there_are(views):
    scale = views.scales()["text"]
    there = np.array([[1, 2], [3, 4], [1, 2]])
    np.testing.assert_allclose(scale.mean, there.mean(axis=0), rtol=1e-6)
    assert scale.deviation == pytest.approx(np.sqrt(np.square(there - there.mean(axis=0)).mean()))


def test_scale_of_equal_vectors_is_one(tmp_path):
    np.save(tmp_path / "text.npy", np.ones((4, 3), dtype=np.float32))
    assert Views({"text": tmp_path / "text.npy"}).scales()["text"].deviation == 1


def test_keys_are_equal_for_equal_vectors_only(tmp_path):
    vectors = np.random.default_rng(0).normal(size=(20_000, 5)).astype(np.float32)
    vectors[7_000] = vectors[19_000]
    vectors[3, :2] = vectors[3, 1::-1]
    np.save(tmp_path / "v.npy", vectors)
    keys = row_keys(read_catalogue(tmp_path / "v.npy"))
    assert len(np.unique(keys)) == 19_999
    assert keys[7_000] == keys[19_000]
    swapped = vectors[:10, ::-1].copy()
    np.save(tmp_path / "w.npy", swapped)
    assert not set(row_keys(read_catalogue(tmp_path / "w.npy"))) & set(keys)


@pytest.mark.skipif(sys.platform != "linux", reason="counts pages as Linux tells them")
def test_large_views_give_the_same_batches_and_stay_on_disk(tmp_path, monkeypatch):
    vectors = np.random.default_rng(0).normal(size=(40_000, 256)).astype(np.float32)
    np.save(tmp_path / "text.npy", vectors)
    order = np.random.default_rng(1).permutation(40_000)

    def read(kept):
        monkeypatch.setattr(vectors_module, "KEPT_BYTES", kept)
        views = Views({"text": tmp_path / "text.npy"})
        views.catalogues["text"].vectors._mmap.madvise(mmap.MADV_DONTNEED)
        before, largest = mapped_kib(), 0
        for start in range(0, 40_000, 500):
            batch = views.batch(order[start : start + 500], CPU)
            np.testing.assert_array_equal(batch.vectors["text"], vectors[order[start : start + 500]])
            largest = max(largest, mapped_kib() - before)
        return largest

    # The file has 40,000 KiB.
    assert read(kept=2**28) > 30_000
    assert read(kept=0) < 10_000


def mapped_kib():
    """How much of the files that are mapped is in this process."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines["RssFile"].split()[0])


def test_views_of_different_length_are_refused(tmp_path):
    for name, n_items in (("text", 4), ("image", 5)):
        np.save(tmp_path / f"{name}.npy", np.ones((n_items, 2), dtype=np.float32))
    with pytest.raises(DataError, match=r"image\.npy': 5.*text\.npy': 4.*as many rows in every view"):
        Views({name: tmp_path / f"{name}.npy" for name in ("text", "image")})
