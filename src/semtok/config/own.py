"""Methods that lie outside of this package, in files that a config names by their path (docs/extending.md)."""

import os
import sys
from collections.abc import Mapping
from functools import cache
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from types import ModuleType
from typing import Any

from pydantic import ConfigDict, ValidationError
from pydantic_core import InitErrorDetails

OWN = ConfigDict(
    json_schema_extra={
        "additionalProperties": True,
        "not": {"properties": {"method": {"not": {"pattern": r"\.py$"}}}},
    }
)
"""Of a class that stands for those in the files. `method` has to be there for the schema to take anything else: parts
of a config may lack what is `required`."""


def is_own(method: Any) -> bool:
    """Whether an entry's `method` is the path of a file."""
    return isinstance(method, str) and method.endswith(".py")


def method_of(entry: Any) -> Any:
    """The method that an entry names, of the config or as a class's object."""
    return entry.get("method") if isinstance(entry, Mapping) else getattr(entry, "method", None)


def own_module(path: str) -> ModuleType:
    """The module in a file, by its path from the working directory. Its name is the whole path, by which
    `import_module` finds it from then on.

    Raises OSError where there is no such file, and whatever its import raises.
    """
    return _run(os.path.abspath(path), os.stat(path).st_mtime_ns)


def only_class(path: str, base: type, *functions: str) -> type[Any]:
    """The one class in a file that derives from `base`; beside it the file has `functions`.

    Raises a ValidationError of `method` where there is no such file, where it cannot be imported, or where it lacks
    what it should have.
    """
    try:
        module = own_module(path)
    except OSError:
        raise wrong(("method",), path, "the path of a Python file from where Snakemake is run") from None
    except Exception as error:
        raise wrong(("method",), path, f"a module that can be imported ({type(error).__name__}: {error})") from error
    own = [one for one in vars(module).values() if isinstance(one, type) and one.__module__ == module.__name__]
    classes = [one for one in own if issubclass(one, base)]
    if len(classes) != 1:
        raise wrong(("method",), path, f"one class in it that derives from {base.__name__}, not {len(classes)}")
    if missing := [name for name in functions if not callable(getattr(module, name, None))]:
        raise wrong(("method",), path, f"a function {missing[0]} in it")
    return classes[0]


def wrong(location: tuple[str, ...], found: Any, expected: str) -> ValidationError:
    """A mistake in a part of a section."""
    error = InitErrorDetails(type="value_error", loc=location, input=found, ctx={"error": ValueError(expected)})
    return ValidationError.from_exception_data("method", [error])


@cache
def _run(path: str, changed: int) -> ModuleType:
    """The module in the file as it was last `changed`."""
    loader = SourceFileLoader(path, path)
    module = module_from_spec(spec_from_loader(path, loader))  # type: ignore[arg-type]
    sys.modules[path] = module
    loader.exec_module(module)
    return module
