"""The remedy for torchvision beside a CPU-only torch, on made-up and on the installed torchvision."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"
HEALTHY = """
import torch
library = torch.library.Library("torchvision", "DEF")
library.define("nms(Tensor own) -> Tensor")
"""
# What the published wheel does once its operators could not be loaded.
BROKEN = """
import torch
@torch.library.register_fake("torchvision::nms")
def fake(dets, scores, iou_threshold):
    return dets
"""


def run(code: str, *folders: Path) -> subprocess.CompletedProcess[str]:
    """Run code in a process of its own, `folders` before what is installed."""
    path = os.pathsep.join(map(str, [*folders, SOURCE]))
    command = [sys.executable, "-c", "from semtok.torchvision_operators import declare_missing\n" + code]
    return subprocess.run(
        command, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture
def torchvision(tmp_path):
    def make(content: str) -> Path:
        (tmp_path / "torchvision").mkdir()
        (tmp_path / "torchvision" / "__init__.py").write_text(content)
        return tmp_path

    return make


def test_a_healthy_torchvision_is_left_alone(torchvision):
    code = "import torch\nprint(declare_missing(), torch.ops.torchvision.nms.default._schema)"
    done = run(code, torchvision(HEALTHY))
    assert done.stdout.strip() == "None torchvision::nms(Tensor own) -> Tensor", done.stderr


def test_a_torchvision_without_operators_can_be_imported(torchvision):
    folder = torchvision(BROKEN)
    assert "operator torchvision::nms does not exist" in run("import torchvision", folder).stderr
    done = run("print(declare_missing() is declare_missing() is not None)\nimport torchvision", folder)
    assert done.stdout.strip() == "True", done.stderr


def test_another_defect_is_told(torchvision):
    done = run("declare_missing()", torchvision("raise RuntimeError('wrong version')"))
    assert "wrong version" in done.stderr


def test_nothing_is_declared_where_torchvision_is_not_installed(monkeypatch):
    from semtok.torchvision_operators import declare_missing

    monkeypatch.setitem(sys.modules, "torchvision", None)
    assert declare_missing.__wrapped__() is None


@pytest.mark.skipif(not find_spec("sentence_transformers"), reason="needs the extra `text`")
def test_timm_and_transformers_can_be_imported_as_they_are_installed():
    done = run("declare_missing()\nimport timm.data, sentence_transformers\nprint('fine')")
    assert done.stdout.strip() == "fine", done.stderr
