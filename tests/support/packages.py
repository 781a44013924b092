"""A made-up package `semtok`, whose code is digested."""

from pathlib import Path

from semtok.run.digest import code_digest


def write_package(folder: Path) -> Path:
    """A package in which the script reaches `a`, `a` reaches `b`, and nobody reaches `c`."""
    package = folder / "src" / "semtok"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "a.py").write_text(
        '"""About a."""\nfrom semtok import b\n\ndef one():\n    """One."""\n    return b.two()\n'
    )
    (package / "b.py").write_text("def two():\n    return 2  # a comment\n")
    (package / "c.py").write_text("def three():\n    return 3\n")
    script = folder / "job.py"
    script.write_text("def main():\n    from semtok.a import one\n    return one()\n")
    return folder


def digest(tree: Path, *modules: str) -> str:
    return code_digest(tree / "src", tree / "job.py", *modules)


def edit(tree: Path, name: str, old: str, new: str) -> None:
    path = tree / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
