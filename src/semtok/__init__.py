"""Semantic tokenization for generative recommendation: tables, figures and claims, regenerated.

For a notebook: `tokenize`, `describe`, `export_codes`, `write_codes`, `Recommender`, `beam_search`,
`evaluate`.
"""

from importlib import import_module
from importlib.metadata import version
from typing import Any

__version__ = version("semtok")

_OFFERED = {
    **dict.fromkeys(
        ("Recommender", "describe", "evaluate", "export_codes", "tokenize", "write_codes"), "semtok.library"
    ),
    "beam_search": "semtok.recommenders.own_model",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for: jobs import the package by the hundred, and none of them all of this."""
    if name not in _OFFERED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_OFFERED[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_OFFERED])
