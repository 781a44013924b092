"""Files that a crash cut short or a disk changed: never read as something else, and named."""

import random

import numpy as np
import pandas as pd
import pytest
import torch

from semtok.errors import DataError
from semtok.run import checkpoints
from semtok.run.files import read_array, read_json, read_table, write_array, write_json

FLIPS = 300


def test_no_changed_bit_of_a_checkpoint_goes_unseen(tmp_path):
    path = tmp_path / "checkpoint.pt"
    model = torch.nn.Linear(16, 16)
    checkpoints.save(path, "identity", {"model": model.state_dict(), "epoch": 3})
    whole, drawn = path.read_bytes(), random.Random(0)
    for _ in range(FLIPS):
        changed = bytearray(whole)
        changed[drawn.randrange(len(whole))] ^= 1 << drawn.randrange(8)
        path.write_bytes(changed)
        assert checkpoints.load(path, "identity") is None
    path.write_bytes(whole)
    assert checkpoints.load(path, "identity") is not None


def test_no_cut_of_a_checkpoint_goes_unseen(tmp_path):
    path = tmp_path / "checkpoint.pt"
    checkpoints.save(path, "identity", {"epoch": 3})
    whole = path.read_bytes()
    for size in (0, 10, 31, 32, 33, len(whole) // 2, len(whole) - 32, len(whole) - 1):
        path.write_bytes(whole[:size])
        assert checkpoints.load(path, "identity") is None


@pytest.mark.parametrize("share", [0, 0.5, 0.99])
@pytest.mark.parametrize("kind", ["npy", "parquet", "json"])
def test_a_file_cut_short_is_named_with_what_to_do(tmp_path, kind, share):
    path = tmp_path / f"codes.{kind}"
    if kind == "npy":
        write_array(path, np.arange(3000).reshape(1000, 3))
    elif kind == "parquet":
        pd.DataFrame({"item": range(1000)}).to_parquet(path)
    else:
        write_json(path, list(range(1000)))
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    read = {"npy": read_array, "parquet": read_table, "json": read_json}[kind]
    with pytest.raises(DataError, match=rf"codes\.{kind}: cannot be read .*delete it"):
        read(path)
