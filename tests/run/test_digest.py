import os
import subprocess
import sys
from pathlib import Path

import pytest

from semtok.run.digest import code_digest


@pytest.fixture
def tree(tmp_path):
    """A package in which the script reaches `a`, `a` reaches `b`, and nobody reaches `c`."""
    package = tmp_path / "src" / "semtok"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "a.py").write_text(
        '"""About a."""\nfrom semtok import b\n\ndef one():\n    """One."""\n    return b.two()\n'
    )
    (package / "b.py").write_text("def two():\n    return 2  # a comment\n")
    (package / "c.py").write_text("def three():\n    return 3\n")
    script = tmp_path / "job.py"
    script.write_text("def main():\n    from semtok.a import one\n    return one()\n")
    return tmp_path


def digest(tree: Path, *modules: str) -> str:
    return code_digest(tree / "src", tree / "job.py", *modules)


def edit(tree: Path, name: str, old: str, new: str) -> None:
    path = tree / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_what_is_remembered_is_what_is_there(tree, tmp_path):
    """In another process, as at Snakemake's next start; an edit that keeps time and size is seen by its ctime."""
    kept = tmp_path / "digests.json"
    program = (
        "import sys; from pathlib import Path; from semtok.run import digest; digest.remember_in(sys.argv[1]); "
        "digest._digest_and_imports = (lambda path: sys.exit('parsed')) if sys.argv[2] == 'known' "
        "else digest._digest_and_imports; "
        "print(digest.code_digest(Path(sys.argv[3]) / 'src', Path(sys.argv[3]) / 'job.py'))"
    )

    def asked(state: str) -> str:
        command = [sys.executable, "-c", program, str(kept), state, str(tree)]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()

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
    ("file", "old", "new"),
    [
        ("src/semtok/b.py", "# a comment", "# another comment"),
        ("src/semtok/a.py", "About a.", "More about a."),
        ("src/semtok/a.py", '"""One."""', '"""The number one."""'),
        ("src/semtok/b.py", "return 2", "return (2)"),
        ("src/semtok/c.py", "return 3", "return 4"),
    ],
)
def test_what_cannot_change_a_result_does_not_change_the_digest(tree, file, old, new):
    before = digest(tree)
    edit(tree, file, old, new)
    assert digest(tree) == before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("job.py", "return one()", "return one() + 1"),
        ("src/semtok/a.py", "b.two()", "b.two() + 1"),
        ("src/semtok/b.py", "return 2", "return 22"),
    ],
)
def test_code_that_runs_changes_the_digest(tree, file, old, new):
    before = digest(tree)
    edit(tree, file, old, new)
    assert digest(tree) != before


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
