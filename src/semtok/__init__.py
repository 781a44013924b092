"""Semantic tokenization for generative recommendation: tables, figures and claims, regenerated.

For a notebook (semtok.library): `tokenize`, `describe`, `export_codes`, `write_codes`, `Recommender`, `beam_search`,
`evaluate`.
"""

from importlib import import_module
from importlib.metadata import version
from typing import Any

__version__ = version("semtok")

_OFFERED = ("Recommender", "beam_search", "describe", "evaluate", "export_codes", "tokenize", "write_codes")


def __getattr__(name: str) -> Any:
    """Import what is asked for: jobs import the package by the hundred, and none of them all of this."""
    if name not in _OFFERED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("semtok.library"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_OFFERED])
