"""pydantic's errors, told in the config's own terms: path, value found, what was expected."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

import yaml
from pydantic import BaseModel
from pydantic_core import ErrorDetails

from semtok.config.variants import suggestion

MAX_SHOWN = 200
"""Characters of a value in a message."""

MAX_NAMES = 3
"""Of methods in a message."""

_TAGS = ("method", "kind", "test", "source")
"""Keys whose value chooses the class of an entry."""


def explain(annotation: Any, raw: Mapping[str, Any], errors: Sequence[ErrorDetails]) -> list[str]:
    """One line for each error: `path: found ...; expected ...`.

    Args:
        annotation: the class, or the union of classes, that `raw` was checked against.
        raw: the config as read, or a part of it.
        errors: `ValidationError.errors()`.
    """
    return [_explain(annotation, raw, error) for error in errors]


def _explain(annotation: Any, raw: Mapping[str, Any], error: ErrorDetails) -> str:
    path = ".".join(_path(raw, error["loc"])) or "config"
    kind, context, found = error["type"], error.get("ctx", {}), error["input"]
    tag = str(context.get("discriminator", "")).strip("'")
    if kind == "missing":
        return f"{path}: missing; expected a value"
    if kind == "extra_forbidden":
        *parents, key = error["loc"]
        fields = {field for kind in _kinds(annotation, parents) for field in kind.model_fields}
        return f"{path}: unknown key{_inherited(annotation, parents, str(key)) or suggestion(str(key), fields)}"
    if kind == "union_tag_invalid":
        known = [name.strip("'\" ") for name in str(context["expected_tags"]).split(",")]
        return f"{path}.{tag}: found {shown(context['tag'])}; expected a known {tag}{suggestion(context['tag'], known)}"
    if kind == "union_tag_not_found":
        return f"{path}.{tag}: missing; expected the name of a {tag}{_misspelt(raw, _path(raw, error['loc']))}"
    if kind == "string_pattern_mismatch" and error["loc"][-1] == "[key]" and "choose" in error["loc"]:
        return f"{path}: expected options of `model` or `training`, such as training.learning_rate"
    if kind == "value_error":
        return f"{path}: found {shown(found)}; expected {context['error']}"
    hint = _about_text(found) if kind in ("float_type", "int_type") and isinstance(found, str) else ""
    return f"{path}: found {shown(found)}; {error['msg'].replace('Input should be', 'expected', 1)}{hint}"


def _misspelt(raw: Any, path: Sequence[str]) -> str:
    """What has no method may be an entry of which there is one, misspelt."""
    *parents, key = path
    for step in parents:
        raw = raw[step]
    hint = suggestion(key, (name for name in raw if name != key))
    return hint.replace("did you mean", "or did you mean the entry") if "did you mean" in hint else ""


def shown(value: object) -> str:
    """The value as Python writes it, shortened."""
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."


def _about_text(found: str) -> str:
    """Why a number came as text; empty where it is none."""
    try:
        float(found)
        read = yaml.safe_load(found)
    except ValueError:
        return ""
    if isinstance(read, str):
        return f" (YAML reads {found} as text: write it with a dot, as in 1.0e-4)"
    return " (it is in quotes, or in a list given to --config, which Snakemake reads as text: use a --configfile)"


def _path(raw: Any, location: Sequence[int | str]) -> list[str]:
    """The location without what pydantic inserts: the method behind an entry of a union, labels in brackets."""
    path: list[str] = []
    for step in location:
        if str(step).startswith("["):
            continue
        if isinstance(raw, Mapping):
            if step not in raw and any(raw.get(tag) == step for tag in _TAGS):
                continue
            raw = raw.get(step)
        elif isinstance(raw, list) and isinstance(step, int) and step < len(raw):
            raw = raw[step]
        path.append(str(step))
    return path


def _inherited(annotation: Any, location: Sequence[int | str], key: str) -> str:
    """Where a key belongs to another method than the one at `location`: a config file that changes the method of an
    entry leaves the other keys as files before it have them. Empty if it does not."""
    *parents, chosen = [step for step in location if not str(step).startswith("[")] or [""]
    if parents and parents[-1] == chosen:  # an entry that is called as its method
        parents.pop()
    others = [kind for kind in _kinds(annotation, parents) if key in kind.model_fields and chosen not in _names(kind)]
    names = sorted(str(name) for kind in others for name in _names(kind))
    if not names or not any(chosen in _names(kind) for kind in _kinds(annotation, parents)):
        return ""
    shown_names = ", ".join(names[:MAX_NAMES]) + (", ..." if len(names) > MAX_NAMES else "")
    return (
        f" of {chosen}; it is one of {shown_names} (if a config file before this one has set it: its keys stay where a "
        "later file changes the method, so give what has the other method another name)"
    )


def _kinds(annotation: Any, location: Sequence[int | str]) -> list[type[BaseModel]]:
    """The classes that may stand at a location."""
    kinds = list(_classes(annotation))
    for step in location:
        fields = [kind.model_fields[str(step)].annotation for kind in kinds if step in kind.model_fields]
        inside = [kind for field in fields for kind in _classes(field)]
        chosen = [kind for kind in kinds if step in _names(kind)]
        # The name of an entry, or the number of one in a list, leads to no class of its own.
        kinds = inside or chosen or kinds
    return kinds


def _classes(annotation: Any) -> Iterator[type[BaseModel]]:
    """The classes in an annotation, at whatever depth."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _classes(part)


def _names(kind: type[BaseModel]) -> set[Any]:
    """The values of its tag that choose a class."""
    return {name for tag in _TAGS if tag in kind.model_fields for name in get_args(kind.model_fields[tag].annotation)}
