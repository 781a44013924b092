import pytest
import torch

from semtok import devices
from semtok.errors import SemtokError


def test_the_environment_chooses(monkeypatch):
    monkeypatch.setenv("SEMTOK_DEVICE", "cpu")
    monkeypatch.setenv("SEMTOK_DTYPE", "bfloat16")
    assert devices.device() == torch.device("cpu")
    assert devices.compute_dtype(devices.device()) == torch.bfloat16
    assert devices.describe()["dtype"] == "bfloat16"


def test_unknown_names_are_refused(monkeypatch):
    monkeypatch.setenv("SEMTOK_DEVICE", "gpu0")
    with pytest.raises(SemtokError, match="gpu0"):
        devices.device()
    monkeypatch.setenv("SEMTOK_DTYPE", "int3")
    with pytest.raises(SemtokError, match="int3"):
        devices.compute_dtype(torch.device("cpu"))


def test_float32_means_no_autocast():
    with devices.autocast(torch.device("cpu"), torch.float32):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32
    with devices.autocast(torch.device("cpu"), torch.bfloat16):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.bfloat16
