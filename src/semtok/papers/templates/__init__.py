"""Pages and tables as Jinja2 templates: `NAME.html` escapes what it is given; in Markdown and LaTeX a filter does."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        **{character: rf"\{character}" for character in "&%$#_{}"},
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "—": "---",
    }
)


def escape_latex(text: str) -> str:
    """Plain text as LaTeX."""
    return text.translate(_LATEX)


def escape_markdown(text: str) -> str:
    """Plain text as a cell of a Markdown table."""
    return text.replace("|", "\\|")


ENVIRONMENT = Environment(
    loader=PackageLoader("semtok.papers"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
ENVIRONMENT.filters |= {"latex": escape_latex, "markdown": escape_markdown}
# LaTeX is full of braces and percent signs.
LATEX = ENVIRONMENT.overlay("<%", "%>", "<<", ">>", "<#", "#>")


def render(template: str, **values: Any) -> str:
    """The template with its values; one that is missing is an error."""
    environment = LATEX if template.endswith(".tex") else ENVIRONMENT
    return environment.get_template(template).render(**values)
