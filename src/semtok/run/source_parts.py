"""A Python file in parts, of which each has a digest and needs others: what `digest` puts together."""

import ast
import hashlib
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from semtok.run.files import sha256

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


def parts_of(path: Path) -> Parts:
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
