"""Named entries and their variants: `cost+temperature=0.5` is the entry `cost` with that value replaced."""

import difflib
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import yaml

from semtok.errors import ConfigError

VARIANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+=-]*")
"""What may stand in a path and in a shell as it is; the rules' wildcards are as narrow."""
MAX_VARIANT = 200
"""Characters; a part of a path has at most 255 bytes."""


def parse(variant: str) -> tuple[str, dict[str, Any]]:
    """Split a variant into the entry's name and the values it replaces, read as YAML scalars.

    Segments without `=` belong to the name (`cost+reconstruction`); a dot in a key descends (`model.n_layers=2`).
    """
    name, replaced = _parsed(variant)
    return name, dict(replaced)


@cache
def _parsed(variant: str) -> tuple[str, tuple[tuple[str, Any], ...]]:
    if not VARIANT.fullmatch(variant) or len(variant) > MAX_VARIANT:
        raise ConfigError(
            f"{variant[:MAX_VARIANT]!r}: expected at most {MAX_VARIANT} letters, digits, `_`, `.`, `-`, `+` and `=`, "
            "first a letter or digit"
        )
    segments = variant.split("+")
    first = next((i for i, segment in enumerate(segments) if "=" in segment), len(segments))
    if any("=" not in segment for segment in segments[first:]):
        raise ConfigError(f"{variant!r}: expected NAME+key=value[+key=value]")
    pairs = (segment.split("=", 1) for segment in segments[first:])
    replaced = {key: _scalar(variant, value) for key, value in pairs}
    return "+".join(segments[:first]), tuple(replaced.items())


def _scalar(variant: str, text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:  # a date that does not exist is a ValueError
        raise ConfigError(f"{variant!r}: found the value {text!r}; expected a YAML scalar") from error


def resolve(entries: Mapping[str, Mapping[str, Any]], variant: str, section: str) -> dict[str, Any]:
    """The options of `variant`: its entry in `entries` with the named values replaced.

    Args:
        entries: a section of the config, by entry name.
        variant: an entry's name, or a variant of it.
        section: the section's name, for messages.
    """
    name, values = parse(variant)
    if name not in entries:
        raise ConfigError(f"{section}: {name!r} is not an entry{suggestion(name, entries)}")
    return replaced(entries[name], values, f"{section}.{variant}")


def replaced(options: Mapping[str, Any], values: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Options with the named values in the place of their own, a dot descending; `path` is for messages."""
    found = dict(options)
    for key, value in values.items():
        _replace(found, key.split("."), value, path)
    return found


def canonical(entries: Mapping[str, Mapping[str, Any]], variant: str, section: str) -> str:
    """The one name of the same options, so that nothing runs twice.

    Values equal to the entry's own are left out, and a number is written in the type of the value that it replaces
    (`temperature=1` is `temperature=1.0`).
    """
    name, replaced = parse(variant)
    plain, changed = resolve(entries, name, section), resolve(entries, variant, section)
    kept = []
    for key in replaced:
        own, value = _get(plain, key.split(".")), _get(changed, key.split("."))
        if own != value:
            kept.append(f"{key}={written(float(value) if _is_whole_for(own, value) else value)}")
    return "+".join([name, *kept])


def spelled(variant: str) -> str:
    """The variant with its values as YAML writes them, so that `temperature=0.30` and `temperature=0.3` are one run."""
    name, replaced = parse(variant)
    return "+".join([name, *(f"{key}={written(value)}" for key, value in replaced.items())])


def without_changes(variant: str, part: str) -> str:
    """The variant with its entry's own values in a part of the options, as `tiger+decoding.beam_size=20` without
    `decoding` is `tiger`."""
    name, replaced = parse(variant)
    kept = (f"{key}={written(value)}" for key, value in replaced.items() if key.partition(".")[0] != part)
    return "+".join([name, *kept])


def _is_whole_for(own: Any, value: Any) -> bool:
    return isinstance(own, float) and isinstance(value, int) and not isinstance(value, bool)


def written(value: Any) -> str:
    """The YAML scalar of a value."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    # YAML reads 1e-05 as text.
    return re.sub(r"^(-?\d+)e", r"\1.0e", str(value)) if isinstance(value, float) else str(value)


def suggestion(name: str, known: Iterable[str]) -> str:
    """A hint for a message: the known names most like `name`, or all of them if few."""
    choices = sorted(map(str, known))
    close = difflib.get_close_matches(name, choices, n=3, cutoff=0.5)
    if close:
        return f"; did you mean {' or '.join(repr(match) for match in close)}?"
    return f"; known: {', '.join(choices)}" if choices else "; none is defined"


def _get(options: Mapping[str, Any], keys: list[str]) -> Any:
    value: Any = options
    for key in keys:
        value = value[key]
    return value


def _replace(options: dict[str, Any], keys: list[str], value: Any, path: str) -> None:
    key, *rest = keys
    if key not in options:
        raise ConfigError(f"{path}: {key!r} is not an option{suggestion(key, options)}")
    if rest:
        if not isinstance(options[key], dict):
            raise ConfigError(f"{path}: {key!r} has no parts")
        options[key] = dict(options[key])
        _replace(options[key], rest, value, path)
    else:
        options[key] = value
