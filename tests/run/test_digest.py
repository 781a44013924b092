import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from semtok.run.source_parts import _text
from support.packages import digest, edit, write_package

SOURCE = Path(__file__).parents[2] / "src"


@pytest.fixture
def tree(tmp_path):
    return write_package(tmp_path)


def test_what_is_remembered_is_what_is_there(tree, tmp_path):
    """In another process, as at Snakemake's next start; an edit that keeps time and size is seen by its ctime."""
    kept = tmp_path / "digests.json"
    program = (
        "import sys; from pathlib import Path; from semtok.run import digest; digest.remember_in(sys.argv[1]); "
        "digest.parts_of = (lambda path: sys.exit('parsed')) if sys.argv[2] == 'known' else digest.parts_of; "
        "print(digest.code_digest(Path(sys.argv[3]) / 'src', Path(sys.argv[3]) / 'job.py'))"
    )

    def asked(state: str) -> str:
        command = [sys.executable, "-c", program, str(kept), state, str(tree)]
        environment = {"PYTHONPATH": str(SOURCE)}
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment).stdout.strip()

    first = asked("new")
    assert first == digest(tree)
    assert asked("known") == first
    module = tree / "src/semtok/b.py"
    before = module.stat()
    edit(tree, "src/semtok/b.py", "return 2", "return 3")
    os.utime(module, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert module.stat().st_size == before.st_size
    assert asked("known") == ""
    assert asked("new") == digest(tree) != first
    kept.write_text('{"of": "')
    assert asked("new") == digest(tree)
    assert asked("known") == digest(tree)


@pytest.mark.parametrize(
    ("file", "old", "new", "changes"),
    [
        ("src/semtok/b.py", "# a comment", "# another comment", False),
        ("src/semtok/a.py", "About a.", "More about a.", False),
        ("src/semtok/a.py", '"""One."""', '"""The number one."""', False),
        ("src/semtok/b.py", "return 2", "return (2)", False),
        ("src/semtok/c.py", "return 3", "return 4", False),
        ("job.py", "return one()", "return one() + 1", True),
        ("src/semtok/a.py", "b.two()", "b.two() + 1", True),
        ("src/semtok/b.py", "return 2", "return 22", True),
    ],
)
def test_only_code_that_runs_changes_the_digest(tree, file, old, new, changes):
    before = digest(tree)
    edit(tree, file, old, new)
    assert (digest(tree) != before) == changes


def test_modules_imported_by_name_are_given_by_name(tree):
    before = digest(tree, "semtok.c")
    assert before != digest(tree)
    edit(tree, "src/semtok/c.py", "return 3", "return 4")
    assert digest(tree, "semtok.c") != before
    with pytest.raises(ValueError, match=r"semtok\.d"):
        digest(tree, "semtok.d")


def test_the_place_of_the_package_does_not_matter(tree, tmp_path_factory):
    other = tmp_path_factory.mktemp("elsewhere")
    (tree / "src").rename(other / "src")
    (tree / "job.py").rename(other / "job.py")
    moved = digest(other)
    (other / "src").rename(tree / "src")
    (other / "job.py").rename(tree / "job.py")
    assert digest(tree) == moved


def test_every_python_gives_the_same_digest():
    """So that a cluster with a later Python takes results, and gives them (`semtok fetch`). CI has one Python: of the
    later ones' trees it sees the empty lists that 3.12 added, as far as this Python's nodes can carry them."""
    source = "def f[T](x): pass" if sys.version_info >= (3, 12) else "def f(x): pass"
    plain, typed = (ast.parse(text).body[0] for text in ("def f(x): pass", source))
    empty = ast.parse("def f(x): pass").body[0]
    if "type_params" not in empty._fields:
        empty._fields = (*empty._fields, "type_params")
        empty.type_params = []
    assert ast.dump(empty) != ast.dump(plain) or sys.version_info >= (3, 12)
    written = (
        "FunctionDef(name='f', args=arguments(posonlyargs=[], args=[arg(arg='x')], kwonlyargs=[], kw_defaults=[], "
        "defaults=[]), body=[Pass()], decorator_list=[])"
    )
    assert _text(plain) == _text(empty) == written
    assert (_text(typed) == written) == (sys.version_info < (3, 12))
