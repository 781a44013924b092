"""What a node lacks is named before days of jobs: an address, a model, a GPU, a place to write."""

import http.server
import logging
import threading
from collections.abc import Iterator

import pytest
import torch

from semtok.plan.published import PublishedModel
from semtok.run.preflight import problems


class _Server(http.server.BaseHTTPRequestHandler):
    """Has /there and refuses all else."""

    def do_GET(self) -> None:
        self.send_response(206 if self.path == "/there" else 409)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The hub's cache, and no hub; variables are read at import."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    return tmp_path / "hub"


def cached(cache, name):
    folder = cache / f"models--{name.replace('/', '--')}"
    (folder / "snapshots/abc").mkdir(parents=True)
    (folder / "snapshots/abc/config.json").write_text("{}")
    (folder / "refs").mkdir()
    (folder / "refs/main").write_text("abc")


def test_an_address_that_answers_is_no_problem(site, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    assert list(problems(tmp_path, [f"{site}/there"], [], needs_gpu=False)) == []
    assert f"{site}/there answers" in caplog.text


def test_an_address_that_refuses_and_one_that_nobody_has_are_named(site, tmp_path):
    nobody = "http://127.0.0.1:9/x"
    refused, unreachable = problems(tmp_path, [f"{site}/gone", nobody], [], needs_gpu=False)
    assert refused.startswith(f"{site}/gone: the server answers 409")
    assert unreachable.startswith(f"{nobody}: found no server")


@pytest.mark.parametrize(
    ("library", "name", "repository"),
    [
        ("transformers", "facebook/opt-350m", "facebook/opt-350m"),
        ("sentence-transformers", "sentence-t5-base", "sentence-transformers/sentence-t5-base"),
        ("timm", "vit_base_patch16_224.augreg2_in21k_ft_in1k", "timm/vit_base_patch16_224.augreg2_in21k_ft_in1k"),
    ],
)
def test_a_model_is_in_the_cache_or_it_is_missing(cache, tmp_path, library, name, repository):
    model = PublishedModel(library, name)
    (missing,) = problems(tmp_path, [], [model], needs_gpu=False)
    assert missing.startswith(f"{name} ({library}): neither in the hub's cache")
    cached(cache, repository)
    assert list(problems(tmp_path, [], [model], needs_gpu=False)) == []


def test_a_node_without_a_gpu_and_a_folder_that_cannot_be_written_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    (tmp_path / "file").touch()
    folder, gpu = problems(tmp_path / "file", [], [], needs_gpu=True)
    assert "cannot be written" in folder
    assert "finds no GPU" in gpu
