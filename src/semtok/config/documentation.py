"""docs/options.md and config/schema.json, both made from the options classes: `python -m semtok.config.documentation`.

An editor that knows YAML schemas completes and checks a config that begins with
`# yaml-language-server: $schema=schema.json`, the path from the config's folder.
"""

import inspect
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from semtok.config.model import Config

INTRODUCTION = """# Options

Everything that a config may hold, by its sections. Made from `src/semtok/config/` by `python -m
semtok.config.documentation`; the values of the demo are in [config/config.yaml](../config/config.yaml), those of the
papers in [config/paper.yaml](../config/paper.yaml). An option without a default must be given.
"""


def schema() -> str:
    """The JSON schema of a config or of a part that is laid over another: nothing is required."""
    return json.dumps(_partial(Config.model_json_schema()), indent=1, sort_keys=True) + "\n"


def _partial(node: Any) -> Any:
    """A schema that also takes what another config is to complete, as an entry that does not repeat its `method`."""
    if isinstance(node, list):
        return [_partial(entry) for entry in node]
    if not isinstance(node, dict):
        return node
    # An option of that name is a property, whose schema is no list.
    dropped = {"discriminator"} | ({"required"} if isinstance(node.get("required"), list) else set())
    return {"anyOf" if key == "oneOf" else key: _partial(value) for key, value in node.items() if key not in dropped}


def options() -> str:
    """The options as Markdown: a table for each section, and one for each method of a stage."""
    parts = [INTRODUCTION, _table(Config)]
    for name, field in Config.model_fields.items():
        found = list(dict.fromkeys(sections(field.annotation)))
        if found:
            parts.append(f"## {name}\n")
            parts += [_section(section) for section in found]
    return "\n".join(parts)


def _section(section: type[BaseModel]) -> str:
    return f"### {_title(section)}\n\n{_one_line(inspect.getdoc(section) or '')}\n\n{_table(section)}"


def _title(section: type[BaseModel]) -> str:
    method = section.model_fields.get("method")
    chosen = get_args(method.annotation) if method and get_origin(method.annotation) is Literal else ()
    return f"`method: {chosen[0]}`" if chosen else _words(section.__name__)


def _anchor(title: str) -> str:
    """What GitHub and the site make of a title."""
    return re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")


def _table(section: type[BaseModel]) -> str:
    rows = ["| option | values | default | meaning |", "|---|---|---|---|"]
    for name, field in section.model_fields.items():
        default = "" if field.default is PydanticUndefined and not field.default_factory else _default(field)
        cells = (f"`{name}`", _values(field), default, _one_line(field.description or ""))
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows) + "\n"


def _values(field: FieldInfo) -> str:
    """What may stand there, in words."""
    limits = [_limit(constraint) for constraint in field.metadata]
    return ", ".join([_type(field.annotation), *filter(None, limits)])


def _type(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation is type(None):
        return "null"
    if origin is Annotated:
        return ", ".join([_type(arguments[0]), *filter(None, map(_limit, _constraints(arguments[1:])))])
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in arguments)
    if origin in (Union, UnionType):
        if all(_is_section(argument) for argument in arguments):
            return "a method's options"
        return " or ".join(dict.fromkeys(map(_type, arguments)))
    if origin is list:
        return f"list of: {_type(arguments[0])}"
    if origin is dict:
        return f"by name: {_type(arguments[1])}"
    if _is_section(annotation):
        return f"[{_words(annotation.__name__)}](#{_anchor(_title(annotation))})"
    return {bool: "true or false", int: "whole number", float: "number", str: "text"}.get(annotation, str(annotation))


def _constraints(metadata: tuple[Any, ...]) -> Iterator[Any]:
    for entry in metadata:
        yield from entry.metadata if isinstance(entry, FieldInfo) else [entry]


def _limit(constraint: Any) -> str:
    """A bound of a number or a length."""
    signs = {"gt": ">", "ge": ">=", "lt": "<", "le": "<=", "min_length": "at least", "max_length": "at most"}
    return " ".join(
        f"{sign} {getattr(constraint, name)}"
        for name, sign in signs.items()
        if getattr(constraint, name, None) is not None
    )


def _default(field: FieldInfo) -> str:
    value = field.default_factory() if field.default_factory else field.default  # type: ignore[call-arg]
    return f"`{json.dumps(value, default=str)}`"


def sections(annotation: Any) -> Iterator[type[BaseModel]]:
    """The classes of options that stand in an annotation, each before those that its own options hold."""
    if _is_section(annotation):
        yield annotation
        for field in annotation.model_fields.values():
            yield from sections(field.annotation)
        return
    for argument in get_args(annotation):
        yield from sections(argument)


def _is_section(annotation: Any) -> bool:
    return inspect.isclass(annotation) and issubclass(annotation, BaseModel)


def _words(name: str) -> str:
    """`ImageOptions` as `image options`; acronyms stay together."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def _one_line(text: str) -> str:
    return " ".join(text.split())


def main(root: Path) -> None:
    """Write both files below `root`."""
    (root / "docs/options.md").write_text(options(), encoding="utf-8")
    (root / "config/schema.json").write_text(schema(), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
