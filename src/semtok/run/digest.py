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

import atexit
import hashlib
import json
import os
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from semtok.errors import SemtokError
from semtok.run import source_parts
from semtok.run.files import write_json
from semtok.run.source_parts import ON_IMPORT, WHOLE, Parts, parts_of

PACKAGE = "semtok"
LEFT_OUT = ("semtok.config", "semtok.run.records")


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
    """What else a digest depends on: what takes files apart, and the Python that parses."""
    return hashlib.sha256(Path(source_parts.__file__).read_bytes()).hexdigest() + sys.version


def _known(path: str) -> Parts:
    stat = os.stat(path)
    state = [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]
    remembered = _memory.get(path)
    if remembered is None or remembered[0] != state:
        remembered = _memory[path] = [state, parts_of(Path(path))]
    parts: Parts = remembered[1]
    return parts


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
