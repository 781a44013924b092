"""What code a job runs, as one number: comments, docstrings, formatting and what the job cannot reach do not count.

Snakemake notices a changed script by its time only and a changed package not at all. A rule therefore carries in its
`params` the digest of its script and of every definition of the package that the script reaches, by names and imports,
transitively: a function, a class or a module's variable counts where code that counts names it. An edit of what only
decoding calls trains nothing, in whichever file it stands. What a module does when it is imported counts wherever it is
imported; a module that is used as a value (`devices.device()`, `getattr(module, name)`) counts as a whole, since its
names cannot be followed then. What hides names altogether (relative imports, `globals`, `__subclasses__`) is refused.

Left out on purpose: `semtok.config`, whose values reach a job as `params`; `semtok.run.records`, which tells what a job
was and writes none of its outputs; and the variables of a package's `__init__`, which holds no more than a dictionary
from a method's name to its module. A function there counts, and with it the files beside it that are no code.
"""

import ast
import atexit
import hashlib
import json
import os
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from semtok.errors import SemtokError
from semtok.run.files import sha256, write_json

PACKAGE = "semtok"
LEFT_OUT = ("semtok.config", "semtok.run.records")
WHOLE, ON_IMPORT = "*", ""
"""Beside its definitions a module has these parts: all of it, and what runs when it is imported."""

HARMLESS_DECORATORS = {"cache", "contextmanager", "dataclass", "inference_mode", "no_grad"}
"""Those that do nothing on import but make the definition; others may register it somewhere."""

# Since 3.13 a tree's text leaves out empty lists, unless asked.
_SHOW_EMPTY: dict[str, Any] = {"show_empty": True} if sys.version_info >= (3, 13) else {}

_DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
_IMPORTS = ast.Import | ast.ImportFrom

Parts = dict[str, tuple[str, list[str]]]
"""By name: the digest of a part of a module, and what it needs: names of the same module, `module:name` of others, or
`~module:name` where that is imported and no more."""


def code_digest(source_root: str | Path, *starts: str | Path) -> str:
    """Digest of the code reachable from `starts`, 16 hexadecimal digits.

    Args:
        source_root: the folder that holds the package (`src`).
        starts: paths of scripts, or what is imported by name at run time: `semtok.package.module`, of which all
            counts, or `semtok.package.module:name`, of which that definition does; a module outside of the package
            by its path, `folder/module.py:name`.
    """
    package = _Package(str(source_root))
    waiting = [package.named(start) if isinstance(start, str) else (str(start), WHOLE) for start in starts]
    modules: dict[str, Parts] = {}
    reached: dict[tuple[str, str], str] = {}
    while waiting:
        path, name = part = waiting.pop()
        if part in reached:
            continue
        if path not in modules:
            modules[path] = _known(path)
            waiting += [(path, ON_IMPORT), *((file, WHOLE) for file in _data_files(path))]
        reached[part], needs = modules[path][name]
        for need in needs:
            if need in modules[path]:
                waiting.append((path, need))
            elif ":" in need:
                waiting += package.part(need)
    labels = {path: package.label(path) for path in modules}
    lines = sorted(f"{labels[path]}:{name} {found}" for (path, name), found in reached.items())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def file_digest(path: str | Path) -> str:
    """SHA-256 of a file that is no code; a large one is read once, where it is remembered."""
    return _known(str(path))[WHOLE][0]


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
"""By path: size and times, parts."""


@cache
def _this_code() -> str:
    """What else a digest depends on: this module and the Python that parses."""
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest() + sys.version


def _known(path: str) -> Parts:
    stat = os.stat(path)
    state = [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]
    remembered = _memory.get(path)
    if remembered is None or remembered[0] != state:
        remembered = _memory[path] = [state, _parts(Path(path))]
    parts: Parts = remembered[1]
    return parts


# --- one file --------------------------------------------------------------------------------------------------------


def _parts(path: Path) -> Parts:
    """A file in parts; one that is no code is its bytes."""
    if path.suffix != ".py":
        return {WHOLE: (sha256(path), []), ON_IMPORT: ("", [])}
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    _check(tree, path)
    definitions: dict[str, list[ast.stmt]] = defaultdict(list)
    imports: dict[str, list[str]] = defaultdict(list)
    on_import: list[ast.stmt] = []
    for statement in tree.body:
        if isinstance(statement, _IMPORTS):
            for name, target in _imported(statement):
                imports[name].append(target)
            continue
        names = _defined(statement)
        if path.name != "__init__.py" or isinstance(statement, _DOCUMENTED):
            for name in names:
                definitions[name].append(statement)
        if not names or _acts(statement):
            on_import.append(statement)
    parts = {name: (_digest(found), _needs(found)) for name, found in definitions.items()}
    for name, targets in imports.items():
        _, needs = parts.get(name, ("", []))
        parts[name] = (_digest(definitions[name]) + " ".join(targets), [*needs, *targets])
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    targets = [target for name in sorted(imports) for target in imports[name]]
    unused = [target for name in sorted(imports.keys() - used) for target in imports[name]]
    parts[ON_IMPORT] = (
        _digest(on_import) + " ".join(unused),
        _needs(on_import) + [target if target.endswith(WHOLE) else f"~{target}" for target in targets],
    )
    parts[WHOLE] = (_digest(tree.body), list(parts))
    return parts


def _check(tree: ast.Module, path: Path) -> None:
    """Strip docstrings; refuse what hides the names that are followed."""
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED):
            node.body = [statement for statement in node.body if not _is_docstring(statement)] or [ast.Pass()]
        if found := _hides(node):
            raise ValueError(f"{path}: {found} hides what a job runs; write the full names of what is to be reached")


def _hides(node: ast.AST) -> str | None:
    """What lets code be reached of which no name is written."""
    match node:
        case ast.ImportFrom(level=1 | 2 | 3):
            return "a relative import"
        case ast.Name(id="globals" | "eval" | "exec" | "__import__" as name):
            return name
        case ast.Attribute(attr="__subclasses__" as name) | ast.FunctionDef(name="__init_subclass__" as name):
            return name
        case ast.Attribute(value=ast.Name(id="sys"), attr="modules"):
            return "sys.modules"
    return None


def _is_docstring(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _defined(statement: ast.stmt) -> list[str]:
    """The names that a statement of a module defines, where it does no more; none where it is of another kind."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign | ast.AugAssign):
        targets = [statement.target]
    else:
        return []
    flat = [part for target in targets for part in (target.elts if isinstance(target, ast.Tuple) else [target])]
    names = [part.id for part in flat if isinstance(part, ast.Name)]
    return names if len(names) == len(flat) else []


def _acts(statement: ast.stmt) -> bool:
    """Whether a definition may do more on import than to define: a call that sets a variable, a foreign decorator."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        plain = [one.func if isinstance(one, ast.Call) else one for one in statement.decorator_list]
        return any(ast.unparse(one).split(".")[-1] not in HARMLESS_DECORATORS for one in plain)
    return any(isinstance(node, ast.Call | ast.NamedExpr) for node in ast.walk(statement))


def _digest(statements: Iterable[ast.stmt]) -> str:
    return hashlib.sha256("\n".join(map(_text, statements)).encode()).hexdigest()[:16]


def _text(statement: ast.stmt) -> str:
    """The statement's tree as Python 3.11 writes it, so that results made under a later Python are of the same code."""
    for node in ast.walk(statement):
        if getattr(node, "type_params", None) == []:  # since 3.12 definitions have them
            del node.type_params  # type: ignore[attr-defined]
    return ast.dump(statement, **_SHOW_EMPTY)


def _needs(statements: Iterable[ast.stmt]) -> list[str]:
    """The names that statements write, and what they import within."""
    found: set[str] = set()
    for node in (node for statement in statements for node in ast.walk(statement)):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, _IMPORTS):
            found.update(target for _, target in _imported(node))
        for annotation in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            found.update(_in_quotes(annotation))
    return sorted(found)


def _in_quotes(annotation: ast.expr | None) -> Iterator[str]:
    """The names in an annotation, or a part of one, that is written as text."""
    for node in ast.walk(annotation) if annotation else []:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            with suppress(SyntaxError):
                text = ast.parse(node.value, mode="eval")
                yield from (part.id for part in ast.walk(text) if isinstance(part, ast.Name))


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    """What an import binds, and to what: `module:name`, or `module:*` for a whole one."""
    for alias in node.names:
        if isinstance(node, ast.Import):
            yield alias.asname or alias.name.split(".")[0], f"{alias.name}:{WHOLE}"
        else:
            yield alias.asname or alias.name, f"{node.module}:{alias.name}"


# --- from file to file -----------------------------------------------------------------------------------------------


class _Package:
    """Where the modules of the package lie, for the time of one digest."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.files: dict[str, str | None] = {}

    def label(self, path: str) -> str:
        """A path without the folder that it happens to lie in."""
        return path.removeprefix(f"{self.root}/") if path.startswith(f"{self.root}/") else os.path.basename(path)

    def file(self, module: str) -> str | None:
        """The file of a module or a package; none outside of the package and of what is left out."""
        if module not in self.files:
            base = f"{self.root}/{module.replace('.', '/')}"
            candidates = (f"{base}.py", f"{base}/__init__.py") if module.split(".")[0] == PACKAGE else ()
            if module.startswith(LEFT_OUT):
                candidates = ()
            self.files[module] = next(filter(os.path.isfile, candidates), None)
        return self.files[module]

    def named(self, start: str) -> tuple[str, str]:
        """The part of a module that is imported by name at run time."""
        module, _, name = start.partition(":")
        path = module if module.endswith(".py") else self.file(module)
        if path is None or (name or WHOLE) not in _known(path):
            raise ValueError(f"{start!r} is not a module below {self.root}, or no definition of one")
        return path, name or WHOLE

    def part(self, need: str) -> list[tuple[str, str]]:
        """The part of another module that `module:name` is; none where it does not count."""
        module, _, name = need.removeprefix("~").partition(":")
        # `from semtok.data import splits` names a module, `from semtok.run.files import sha256` does not.
        submodule = self.file(f"{module}.{name}")
        path = submodule or self.file(module)
        if path is None:
            return []
        if need.startswith("~"):
            return [(path, ON_IMPORT)]
        if submodule is None and name in _known(path):
            return [(path, name)]
        return [] if path.endswith("/__init__.py") else [(path, WHOLE)]


def _data_files(path: str) -> list[str]:
    """What a package brings beside its code, such as templates."""
    if not path.endswith("/__init__.py"):
        return []
    with os.scandir(os.path.dirname(path)) as entries:
        return [entry.path for entry in entries if entry.is_file() and not entry.name.endswith((".py", ".pyc"))]
