import pytest
import torch

from semtok.errors import SemtokError
from semtok.run import devices


def test_the_environment_chooses(monkeypatch):
    monkeypatch.setenv("SEMTOK_DEVICE", "cpu")
    monkeypatch.setenv("SEMTOK_DTYPE", "bfloat16")
    assert devices.device() == torch.device("cpu")
    assert devices.compute_dtype(devices.device()) == torch.bfloat16
    assert devices.hardware()["dtype"] == "bfloat16"


def test_a_processor_computes_in_float32_whatever_it_can_do(monkeypatch):
    # So that its numbers, and resuming to the bit, do not hang on the model of the processor.
    monkeypatch.setenv("SEMTOK_DEVICE", "cpu")
    monkeypatch.delenv("SEMTOK_DTYPE", raising=False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: True)
    assert devices.compute_dtype(devices.device()) == torch.float32


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


@pytest.fixture
def gpus(monkeypatch):
    """Pretend to see so many GPUs."""

    def see(count, **variables):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
        for name in ("SEMTOK_DEVICE", "SEMTOK_PROCESSES"):
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(f"SEMTOK_{name}", value)

    return see


@pytest.mark.parametrize(
    ("visible", "variables", "granted", "expected"),
    [
        (0, {}, 0, 1),
        (0, {}, 1, 1),
        (1, {}, 0, 1),
        (4, {}, 1, 1),
        (4, {}, 4, 4),
        (4, {}, 2, 2),
        (4, {"DEVICE": "cpu"}, 4, 1),
        (0, {"DEVICE": "cpu", "PROCESSES": "2"}, 1, 2),
        (0, {"PROCESSES": "2"}, 1, 2),
        (4, {"PROCESSES": "1"}, 4, 1),
        (4, {"PROCESSES": "auto"}, 3, 3),
        (4, {"DEVICE": "cuda:1"}, 1, 1),
    ],
)
def test_a_process_for_each_granted_gpu(gpus, visible, variables, granted, expected):
    gpus(visible, **variables)
    assert devices.processes(granted) == expected


@pytest.mark.parametrize(
    ("visible", "variables", "granted"),
    [(0, {}, 2), (1, {}, 2), (4, {}, 5), (4, {"DEVICE": "cuda:1"}, 2), (2, {"PROCESSES": "3"}, 1)],
)
def test_more_gpus_than_the_job_sees_are_an_error(gpus, visible, variables, granted):
    gpus(visible, **variables)
    with pytest.raises(SemtokError, match=rf"asks for {max(granted, 3 if variables.get('PROCESSES') else 0)} GPUs"):
        devices.processes(granted)


def test_a_number_of_processes_is_one(gpus):
    for name in ("two", "0", "-1", "1.5"):
        gpus(0, PROCESSES=name)
        with pytest.raises(SemtokError, match="SEMTOK_PROCESSES"):
            devices.processes(1)
