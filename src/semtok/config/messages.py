"""pydantic's errors, told in the config's own terms: path, value found, what was expected."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from semtok.config.variants import nearest

MAX_SHOWN = 200
"""Characters of a value in a message."""

_TAGS = ("method", "kind", "test")
"""Keys whose value chooses the class of an entry."""


def explain(model: type[BaseModel], raw: Mapping[str, Any], errors: Sequence[ErrorDetails]) -> list[str]:
    """One line for each error: `path: found ...; expected ...`.

    Args:
        model: the class that `raw` was checked against.
        raw: the config as read.
        errors: `ValidationError.errors()`.
    """
    return [_explain(model, raw, error) for error in errors]


def _explain(model: type[BaseModel], raw: Mapping[str, Any], error: ErrorDetails) -> str:
    path = ".".join(_path(raw, error["loc"])) or "config"
    kind, context = error["type"], error.get("ctx", {})
    if kind == "missing":
        return f"{path}: missing; expected a value"
    if kind == "extra_forbidden":
        *parents, key = error["loc"]
        return f"{path}: unknown key{nearest(str(key), _fields(model, parents))}"
    if kind == "union_tag_invalid":
        known = [name.strip("'\" ") for name in str(context["expected_tags"]).split(",")]
        tag = context["discriminator"].strip("'")
        return f"{path}.{tag}: found {shown(context['tag'])}; expected a known {tag}{nearest(context['tag'], known)}"
    if kind == "union_tag_not_found":
        tag = context["discriminator"].strip("'")
        return f"{path}.{tag}: missing; expected the name of a {tag}"
    return f"{path}: found {shown(error['input'])}; expected {_expected(error)}"


def shown(value: object) -> str:
    """The value as Python writes it, shortened."""
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."


def _expected(error: ErrorDetails) -> str:
    kind, context, found = error["type"], error.get("ctx", {}), error["input"]
    bounds = {
        "greater_than": "a number above {gt}",
        "greater_than_equal": "a number of at least {ge}",
        "less_than": "a number below {lt}",
        "less_than_equal": "a number of at most {le}",
        "literal_error": "{expected}",
        "string_pattern_mismatch": "text that matches {pattern}",
        "too_short": "at least {min_length} entries",
        "too_long": "at most {max_length} entries",
    }
    if kind == "value_error":
        return str(context["error"])
    if kind in bounds:
        return bounds[kind].format(**context)
    expected = error["msg"].removeprefix("Input should be ")
    if kind in ("float_type", "int_type") and isinstance(found, str) and _is_number(found):
        expected += f" (YAML reads {found} as text: write it with a dot, as in 1.0e-4)"
    return expected


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _path(raw: Any, location: Sequence[int | str]) -> list[str]:
    """The location without the method names that pydantic inserts behind an entry of a union."""
    path: list[str] = []
    for step in location:
        if isinstance(raw, Mapping):
            if step not in raw and any(raw.get(tag) == step for tag in _TAGS):
                continue
            raw = raw.get(step)
        elif isinstance(raw, list) and isinstance(step, int) and step < len(raw):
            raw = raw[step]
        if step != "[key]":
            path.append(str(step))
    return path


def _fields(model: Any, location: Sequence[int | str]) -> list[str]:
    """The keys that are known where an unknown one was found."""
    for step in location:
        model = _descend(model, step)
    models = [kind for kind in _alternatives(model) if isinstance(kind, type) and issubclass(kind, BaseModel)]
    return sorted({field for kind in models for field in kind.model_fields})


def _descend(annotation: Any, step: int | str) -> Any:
    for kind in _alternatives(annotation):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            tags = [kind.model_fields[tag].annotation for tag in _TAGS if tag in kind.model_fields]
            if any(get_origin(tag) is Literal and step in get_args(tag) for tag in tags):
                return kind
            if step in kind.model_fields:
                return kind.model_fields[str(step)].annotation
        elif get_origin(kind) in (dict, list):
            return get_args(kind)[-1]
    return None


def _alternatives(annotation: Any) -> list[Any]:
    """The members of a union, through `Annotated`; otherwise the annotation alone."""
    if hasattr(annotation, "__metadata__"):
        return _alternatives(annotation.__origin__)
    origin = get_origin(annotation)
    if origin is None or origin in (dict, list, Literal):
        return [annotation]
    return [kind for member in get_args(annotation) for kind in _alternatives(member)]
