"""Methods that lie outside of this package, in files that a config names by their path (docs/extending.md)."""

import os
import sys
from functools import cache
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from types import ModuleType
from typing import Any


def is_own(method: Any) -> bool:
    """Whether an entry's `method` is the path of a file."""
    return isinstance(method, str) and method.endswith(".py")


def own_module(path: str) -> ModuleType:
    """The module in a file, by its path from the working directory. Its name is the whole path, by which
    `import_module` finds it from then on.

    Raises OSError where there is no such file, and whatever its import raises.
    """
    return _run(os.path.abspath(path), os.stat(path).st_mtime_ns)


@cache
def _run(path: str, changed: int) -> ModuleType:
    """The module in the file as it was last `changed`."""
    loader = SourceFileLoader(path, path)
    module = module_from_spec(spec_from_loader(path, loader))  # type: ignore[arg-type]
    sys.modules[path] = module
    loader.exec_module(module)
    return module
