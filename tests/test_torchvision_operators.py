"""The remedy for torchvision beside a CPU-only torch, on a made-up torchvision.

On the installed one: every test of timm and of sentence-transformers, which import it.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from semtok.torchvision_operators import declare_missing

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
REPAIRED = """
try:
    import torchvision
except RuntimeError as error:
    print(error)
print(declare_missing() is declare_missing() is not None)
import torchvision
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
    done = run(REPAIRED, torchvision(BROKEN))
    assert done.stdout.splitlines() == ["operator torchvision::nms does not exist", "True"], done.stderr


def test_another_defect_is_told(torchvision, monkeypatch):
    monkeypatch.syspath_prepend(torchvision("raise RuntimeError('wrong version')"))
    monkeypatch.delitem(sys.modules, "torchvision", raising=False)
    with pytest.raises(RuntimeError, match="wrong version"):
        declare_missing.__wrapped__()


def test_nothing_is_declared_where_torchvision_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    assert declare_missing.__wrapped__() is None
