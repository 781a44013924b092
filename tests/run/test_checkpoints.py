import pickle

import pytest
import torch

from semtok.errors import SemtokError
from semtok.run import checkpoints


def test_state_and_random_numbers_go_on_where_they_stopped(tmp_path):
    path = tmp_path / "training.ckpt"
    torch.manual_seed(3)
    checkpoints.save(path, "run-a", {"epoch": 4, "weights": {"w": torch.ones(2)}})
    expected = torch.rand(5)
    torch.manual_seed(99)
    state = checkpoints.load(path, "run-a")
    assert state is not None
    assert state["epoch"] == 4
    assert torch.equal(state["weights"]["w"], torch.ones(2))
    assert torch.equal(torch.rand(5), expected)


def test_another_runs_checkpoint_is_not_used(tmp_path, caplog):
    path = tmp_path / "training.ckpt"
    checkpoints.save(path, "run-a", {"epoch": 4})
    assert checkpoints.load(path, "run-b") is None
    assert "other options, code or inputs" in caplog.text


def test_damaged_checkpoints_are_reported_and_ignored(tmp_path, caplog):
    path = tmp_path / "training.ckpt"
    checkpoints.save(path, "run-a", {"epoch": 4})
    path.write_bytes(path.read_bytes()[:-100])
    assert checkpoints.load(path, "run-a") is None
    assert "not a readable checkpoint" in caplog.text


class _Payload:
    def __reduce__(self):
        return (print, ("executed",))


def test_pickled_code_is_not_run(tmp_path, capsys):
    path = tmp_path / "training.ckpt"
    path.write_bytes(pickle.dumps(_Payload()))
    assert checkpoints.load(path, "run-a") is None
    assert "executed" not in capsys.readouterr().out


def test_no_checkpoint_is_no_state(tmp_path):
    assert checkpoints.load(tmp_path / "none.ckpt", "run-a") is None


def test_the_environment_sets_the_interval(monkeypatch):
    assert checkpoints.interval(30.0) == 30.0
    monkeypatch.setenv("SEMTOK_CHECKPOINT_SECONDS", "0")
    assert checkpoints.interval(30.0) == 0
    for wrong in ("often", "-1", "nan"):
        monkeypatch.setenv("SEMTOK_CHECKPOINT_SECONDS", wrong)
        with pytest.raises(SemtokError, match=rf"SEMTOK_CHECKPOINT_SECONDS: '{wrong}' is not a number of seconds"):
            checkpoints.interval(30.0)
