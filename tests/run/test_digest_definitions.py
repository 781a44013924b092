"""A start that names a definition: what it reaches counts, and nothing else of its module."""

import shutil
from pathlib import Path

import pytest

from semtok.run.digest import code_digest
from support.packages import digest, edit, write_package

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"


@pytest.fixture
def tree(tmp_path):
    return write_package(tmp_path)


METHOD = '''
import logging
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from semtok.shared import add as plus, Base
from semtok import tools

log = logging.getLogger(__name__)
WIDTH = 8
TABLE = {}
FIRST, SECOND = 1, 2
if WIDTH > 4:
    from semtok.shared import multiply


def train(task):
    """About training."""
    return Model(WIDTH), helper(1)


def decode(task):
    return Model(2), beam(3), TABLE


def helper(x: "Alias") -> int:
    return plus(x, 1)


def beam(x):
    from semtok.late import search

    return search(np.zeros(FIRST), x)


@dataclass(frozen=True)
class Model(Base):
    width: int

    def loss(self):
        return unseen


Alias = Protocol
TABLE["beam"] = 3
'''
SHARED = """
def add(a, b):
    return a + b


def multiply(a, b):
    return a * b


def unused(a):
    return a


class Base:
    n_items = 3
"""


@pytest.fixture
def method(tree) -> Path:
    """A module with `train` and `decode`, and modules that it imports from."""
    package = tree / "src/semtok"
    (package / "method.py").write_text(METHOD)
    (package / "shared.py").write_text(SHARED)
    (package / "late.py").write_text("def search(x, y):\n    return x\n\n\ndef other():\n    return 1\n")
    (package / "tools.py").write_text("def tool():\n    return 1\n")
    (package / "facade.py").write_text("from semtok.shared import add\n")
    return tree


def changed_by(tree: Path, name: str, old: str, new: str) -> set[str]:
    """Which of the two an edit changes."""
    starts = {"train": "semtok.method:train", "decode": "semtok.method:decode"}
    before = {which: digest(tree, start) for which, start in starts.items()}
    edit(tree, f"src/semtok/{name}.py", old, new)
    return {which for which, start in starts.items() if digest(tree, start) != before[which]}


BOTH = {"train", "decode"}


@pytest.mark.parametrize(
    ("name", "old", "new", "changes"),
    [
        ("method", "beam(3)", "beam(4)", {"decode"}),
        ("method", "helper(1)", "helper(2)", {"train"}),
        ("method", "About training.", "More about training.", set()),
        ("method", "def train(task):", "def train(task, new=1):", {"train"}),
        ("method", "return search(", "return 2 * search(", {"decode"}),
        ("method", "plus(x, 1)", "plus(x, 2)", {"train"}),
        ("method", "WIDTH = 8", "WIDTH = 9", BOTH),
        ("method", "FIRST, SECOND = 1, 2", "FIRST, SECOND = 2, 2", {"decode"}),
        ("method", "Alias = Protocol", "Alias = list[Protocol]", {"train"}),
        ("method", "import numpy as np", "import torch as np", {"decode"}),
        ("method", "return unseen", "return seen", BOTH),
        ("method", "frozen=True", "frozen=False", BOTH),
        ("method", "add as plus", "multiply as plus", {"train"}),
        # What runs on import counts for both.
        ("method", "getLogger(__name__)", "getLogger()", BOTH),
        ("method", "if WIDTH > 4", "if WIDTH > 5", BOTH),
        ("method", 'TABLE["beam"] = 3', 'TABLE["beam"] = 4', BOTH),
        ("shared", "a * b", "b * a", BOTH),
        ("shared", "a + b", "b + a", {"train"}),
        ("shared", "n_items = 3", "n_items = 4", BOTH),
        ("shared", "return a\n", "return -a\n", set()),
        ("shared", "class Base", "print()\n\n\nclass Base", BOTH),
        ("late", "return x", "return y", {"decode"}),
        ("late", "return 1", "return 2", set()),
        ("tools", "return 1", "return 2", set()),
        ("tools", "def tool", "print()\n\n\ndef tool", BOTH),
    ],
)
def test_a_definition_counts_where_it_is_reached(method, name, old, new, changes):
    assert changed_by(method, name, old, new) == changes


@pytest.mark.parametrize("use", ["tools.tool()", "getattr(tools, 'tool')()", "vars(tools)"])
def test_a_module_that_is_used_as_a_value_counts_as_a_whole(method, use):
    edit(method, "src/semtok/method.py", "return Model(2)", f"return {use}")
    assert changed_by(method, "tools", "def tool():", "UNUSED = 1\n\n\ndef tool():") == {"decode"}


def test_names_that_cannot_be_followed_count_as_whole_modules(method):
    path = method / "src/semtok/method.py"
    path.write_text("from semtok.shared import *\n" + path.read_text())
    assert changed_by(method, "shared", "return a\n", "return -a\n") == BOTH
    path.write_text(METHOD.replace("import search", "import hidden as search"))
    (method / "src/semtok/late.py").write_text("for hidden in []:\n    pass\n\n\ndef other():\n    return 1\n")
    assert changed_by(method, "late", "return 1", "return 2") == {"decode"}


def test_names_are_followed_through_another_module(method):
    edit(method, "src/semtok/method.py", "from semtok.shared import add", "from semtok.facade import add")
    edit(method, "src/semtok/method.py", "plus, Base", "plus\nfrom semtok.shared import Base")
    assert changed_by(method, "shared", "a + b", "b + a") == {"train"}


@pytest.mark.parametrize("decorator", ["register", "registry.add('helper')"])
def test_what_a_decorator_may_register_counts_for_both(method, decorator):
    edit(method, "src/semtok/method.py", "def helper", f"@{decorator}\ndef helper")
    assert changed_by(method, "method", "plus(x, 1)", "plus(x, 2)") == BOTH


def test_a_packages_functions_and_templates_count_and_its_dictionaries_do_not(method):
    package = method / "src/semtok/pages"
    package.mkdir()
    (package / "__init__.py").write_text("METHODS = {1: 2}\n\n\ndef render():\n    return 1\n")
    (package / "page.html").write_text("<p>")
    edit(method, "src/semtok/method.py", "return Model(2)", "return render(), METHODS, Model(2)")
    edit(method, "src/semtok/method.py", "def decode", "from semtok.pages import METHODS, render\n\n\ndef decode")
    assert changed_by(method, "pages/__init__", "{1: 2}", "{1: 3}") == set()
    assert changed_by(method, "pages/__init__", "return 1", "return 2") == {"decode"}
    before = digest(method, "semtok.method:decode")
    (package / "page.html").write_text("<div>")
    assert digest(method, "semtok.method:decode") != before


@pytest.mark.parametrize(
    "hidden", ["from .shared import add", "globals()['train']", "Model.__subclasses__()", "sys.modules"]
)
def test_what_hides_names_is_refused(method, hidden):
    edit(method, "src/semtok/method.py", "    return search", f"    {hidden}\n    return search")
    with pytest.raises(ValueError, match="hide"):
        digest(method, "semtok.method:train")


def test_a_definition_that_is_not_there_is_refused(method):
    with pytest.raises(ValueError, match=r"'semtok\.method:rank' is not"):
        digest(method, "semtok.method:rank")


def test_training_and_decoding_of_one_file_rerun_apart(tmp_path):
    """What the rules `train` and `decode` hold of TIGER and SASRec, when their modules are edited."""
    source = shutil.copytree(SOURCE, tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    jobs = {
        f"{method}:{name}": (ROOT / f"workflow/scripts/{name}.py", f"semtok.recommenders.{method}:{name}")
        for method in ("tiger", "sasrec")
        for name in ("train", "decode")
    }
    before = {job: code_digest(source, *starts) for job, starts in jobs.items()}
    for name, old, new, expected in [
        ("item_codes", "VALIDATION_K = 10", "VALIDATION_K = 11", {"tiger:train"}),
        ("prefixes", "loss / n_predictions", "loss / 2", {"tiger:train"}),
        ("item_codes", "certificate.targets", "certificate.overlap", {"tiger:decode"}),
        ("item_codes", "model.eval(), batches", "model, batches", {"tiger:decode"}),
        ("exhaustive", "PREFIXES_AT_ONCE = 2048", "PREFIXES_AT_ONCE = 1024", {"tiger:decode"}),
        ("item_codes", "n_invalid / max", "n_tuples / max", {"tiger:train", "tiger:decode"}),
        ("windows", '"cpu": 2**24', '"cpu": 2**20', {"sasrec:train"}),
        ("item_ids", "VALIDATION_BATCH_SIZE = 256", "VALIDATION_BATCH_SIZE = 16", {"sasrec:train"}),
        ("item_ids", "(~np.isin", "(np.isin", {"sasrec:decode"}),
        ("sasrec", "train_over_ids(task,", "train_over_ids(task, 1,", {"sasrec:train"}),
        ("sasrec", "self.item.weight.T", "self.item.weight", {"sasrec:train", "sasrec:decode"}),
        ("task", "mask=ranks == 0", "mask=ranks < 0", {"tiger:decode", "sasrec:decode"}),
    ]:
        path = source / f"semtok/recommenders/{name}.py"
        content = path.read_text()
        edit(source, f"semtok/recommenders/{name}.py", old, new)
        assert {job for job, starts in jobs.items() if code_digest(source, *starts) != before[job]} == expected, old
        path.write_text(content)
