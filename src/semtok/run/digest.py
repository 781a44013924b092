"""What code a job runs, as one number: comments, docstrings and formatting do not count.

Snakemake notices a changed script by its time only and a changed package not at all. A rule therefore carries in its
`params` the digest of its script and of every semtok module that the script imports, transitively. Three things are
left out on purpose: package `__init__` files, which hold no more than a dictionary from a method's name to its module
(the module itself is in the digest), `semtok.config`, whose values reach a job as `params`, and `semtok.run.records`,
which tells what a job was and writes none of its outputs.
"""

import ast
import atexit
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from semtok.errors import SemtokError
from semtok.run.files import write_json

PACKAGE = "semtok"
_DEFINITIONS = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def code_digest(source_root: str | Path, *starts: str | Path) -> str:
    """Digest of the code reachable from `starts`, 16 hexadecimal digits.

    Args:
        source_root: the folder that holds the package (`src`).
        starts: paths of scripts, or dotted names of modules that are imported by name at run time.
    """
    root = Path(source_root)
    waiting = [_module_path(root, start) if isinstance(start, str) else start for start in starts]
    reached: dict[str, str] = {}
    while waiting:
        path = waiting.pop()
        name = str(path.relative_to(root)) if path.is_relative_to(root) else path.name
        if name in reached:
            continue
        reached[name], imports = _known(path)
        waiting += [found for module in imports if (found := _find_module(root, module))]
    lines = "\n".join(f"{name} {reached[name]}" for name in sorted(reached))
    return hashlib.sha256(lines.encode()).hexdigest()[:16]


def remember_in(path: str | Path) -> None:
    """Keep what is found out about files in `path` until they change: every start of Snakemake, also a job's, asks.

    A file counts as unchanged while its size and its times of change, of content and of metadata, are the same.
    """
    _memory.clear()
    with suppress(OSError, ValueError, KeyError, TypeError):
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        if content["of"] == _this_code():
            _memory.update(content["files"])
    known = dict(_memory)

    def write() -> None:
        # Jobs may write at the same time: the last one stays, and all are right.
        if _memory != known and Path(path).parent.is_dir():
            with suppress(OSError, SemtokError):
                write_json(path, {"of": _this_code(), "files": _memory})

    atexit.register(write)


_memory: dict[str, list[Any]] = {}
"""By path: size and times, digest, imports."""


@cache
def _this_code() -> str:
    """What else a digest depends on: this module and the Python that parses."""
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest() + sys.version


def _known(path: Path) -> tuple[str, list[str]]:
    stat = os.stat(path)
    state = [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]
    remembered = _memory.get(str(path))
    if remembered is None or remembered[0] != state:
        remembered = _memory[str(path)] = [state, *_digest_and_imports(path)]
    _, found, imports = remembered
    return found, imports


def _digest_and_imports(path: Path) -> tuple[str, list[str]]:
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    imports: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, _DEFINITIONS):
            node.body = [statement for statement in node.body if not _is_docstring(statement)] or [ast.Pass()]
        elif isinstance(node, ast.Import | ast.ImportFrom):
            imports.update(_imported(node))
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest(), sorted(imports)


def _is_docstring(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    """Dotted names that a statement imports from the package."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names if alias.name.split(".")[0] == PACKAGE)
        return
    if node.level:
        raise ValueError("relative imports hide what a job runs; write the module's full name")
    if node.module and node.module.split(".")[0] == PACKAGE:
        # `from semtok.data import splits` names a module, `from semtok.run.files import sha256` does not.
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _module_path(root: Path, name: str) -> Path:
    path = _find_module(root, name)
    if path is None:
        raise ValueError(f"{name!r} is not a module below {root}")
    return path


def _find_module(root: Path, name: str) -> Path | None:
    if name.startswith((f"{PACKAGE}.config", f"{PACKAGE}.run.records")):
        return None
    path = root.joinpath(*name.split(".")).with_suffix(".py")
    return path if path.is_file() else None
