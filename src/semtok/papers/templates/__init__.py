"""Pages and tables as Jinja2 templates: `NAME.html` escapes what it is given, other files do not."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

ENVIRONMENT = Environment(
    loader=PackageLoader("semtok.papers"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


def render(template: str, **values: Any) -> str:
    """The template with its values; one that is missing is an error."""
    return ENVIRONMENT.get_template(template).render(**values)
