"""Disks that are full, read-only or limited: every writer's error is one message that names the file."""

import resource
import zipfile
from contextlib import contextmanager

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import save_file
from scipy import sparse

from semtok.errors import SemtokError
from semtok.run import checkpoints
from semtok.run.files import atomic_path, write_array, write_csv, write_json
from support.disks import remount, tmpfs

NUMBERS = np.random.default_rng(0).random(200_000)


def _figure(path):
    figure, axes = plt.subplots()
    axes.plot(NUMBERS)
    figure.savefig(path)
    plt.close(figure)


def _zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("member", NUMBERS.tobytes())


def _atomically(write):
    def written(path):
        with atomic_path(path) as temporary:
            write(temporary)

    return written


WRITERS = {
    "array.npy": lambda path: write_array(path, NUMBERS),
    "table.parquet": _atomically(lambda path: pd.DataFrame({"a": NUMBERS}).to_parquet(path)),
    "table.csv": lambda path: write_csv(path, pd.DataFrame({"a": NUMBERS})),
    "model.safetensors": _atomically(lambda path: save_file({"a": torch.from_numpy(NUMBERS)}, path)),
    "checkpoint.pt": lambda path: checkpoints.save(path, "identity", {"a": torch.from_numpy(NUMBERS)}),
    "facts.json": lambda path: write_json(path, NUMBERS.tolist()),
    "graph.npz": _atomically(lambda path: sparse.save_npz(path, sparse.csr_array(NUMBERS.reshape(400, 500)))),
    "figure.pdf": _atomically(_figure),
    "world.zip": _atomically(_zip),
}


@contextmanager
def full(folder):
    with tmpfs(folder, "64k"):
        yield "the disk is full"


@contextmanager
def read_only(folder):
    with tmpfs(folder, "64k"):
        (folder / "old").write_text("old")
        remount(folder, "ro")
        yield "the file system is read-only"


@contextmanager
def limited(folder):
    folder.mkdir()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, before[1]))
    try:
        yield "larger than a file may be"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("disk", [full, read_only, limited])
def test_what_cannot_be_written_is_named_and_leaves_nothing(tmp_path, disk):
    folder = tmp_path / "disk"
    with disk(folder) as expected:
        before = sorted(folder.iterdir())
        for name, write in WRITERS.items():
            with pytest.raises(SemtokError, match=expected) as error:
                write(folder / name)
            assert str(folder / name) in str(error.value)
            assert sorted(folder.iterdir()) == before


def test_the_old_file_stays_when_the_disk_is_full(tmp_path):
    with tmpfs(tmp_path / "disk", "256k") as folder:
        checkpoints.save(folder / "checkpoint.pt", "identity", {"epoch": 3})
        with pytest.raises(SemtokError, match="the disk is full"):
            WRITERS["checkpoint.pt"](folder / "checkpoint.pt")
        assert checkpoints.load(folder / "checkpoint.pt", "identity") == {"epoch": 3}


def test_other_errors_keep_their_kind(tmp_path):
    with pytest.raises(ZeroDivisionError), atomic_path(tmp_path / "x"):
        raise ZeroDivisionError
    assert not list(tmp_path.iterdir())
