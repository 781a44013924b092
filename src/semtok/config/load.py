"""Reading and checking a config: all mistakes at once, before any job starts."""

import os
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from semtok.config.base import exceeds_limits
from semtok.config.messages import explain
from semtok.config.model import Config
from semtok.config.own import is_own
from semtok.config.recommenders import methods


def read(raw: Mapping[str, Any]) -> tuple[Config | None, list[str]]:
    """The config as typed, frozen values, and its mistakes; None where it has any.

    Args:
        raw: the merged YAML files, as Snakemake hands them over.

    Returns:
        The config, and every mistake in a line: path, value found, what was expected.
    """
    if excess := exceeds_limits(raw):
        return None, [f"config: found {excess}"]
    problems: list[str] = []
    config = None
    try:
        config = Config.model_validate(raw, context=_known_names(raw))
    except ValidationError as error:
        problems += explain(Config, raw, error.errors())
    problems += _mirror(raw)
    return (None if problems else config), problems


def listing(problems: list[str]) -> str:
    """All mistakes in one message."""
    count = f"{len(problems)} mistake{'s' if len(problems) > 1 else ''}"
    return "\n".join([f"the config has {count}:", *(f"  {problem}" for problem in problems)])


def _known_names(raw: Mapping[str, Any]) -> dict[str, set[str]]:
    """What `entry_of` looks names up in; also of a config that is wrong elsewhere."""
    names = {section: set(_entries(raw, section)) for section in ("datasets", "encoders", "recommenders")}
    over_ids = [method for method, kind in methods().items() if kind.reads_ids]
    # In a list, since a method may be anything yet. Of one's own only their files tell.
    found = {
        name
        for name, entry in _entries(raw, "recommenders").items()
        if entry.get("method") in over_ids or is_own(entry.get("method"))
    }
    return names | {"recommenders over plain item ids": found}


def _entries(raw: Mapping[str, Any], section: str) -> dict[str, dict[str, Any]]:
    entries = raw.get(section)
    if not isinstance(entries, dict):
        return {}
    return {str(name): entry for name, entry in entries.items() if isinstance(entry, dict)}


def _mirror(raw: Mapping[str, Any]) -> list[str]:
    sources = [raw.get("source"), *(dataset.get("source") for dataset in _entries(raw, "datasets").values())]
    sources += [tokenizer.get("below") for tokenizer in _entries(raw, "tokenizers").values()]
    mirror = raw.get("mirror")
    if "mirror" not in sources or not isinstance(mirror, str | None) or (mirror and os.path.isdir(mirror)):
        return []
    found = "nothing" if mirror is None else repr(mirror)
    expected = "expected an existing folder, since a `source` or a `below` is 'mirror' (--config mirror=FOLDER)"
    return [f"mirror: found {found}; {expected}"]
