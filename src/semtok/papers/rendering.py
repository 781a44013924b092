"""One layout of a table, rendered as Markdown, LaTeX and HTML."""

import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "—": "---",
}

_STYLE = """body{font:14px/1.4 system-ui,sans-serif;margin:1.5em;color:#222}
table{border-collapse:collapse;margin:.7em 0;font-variant-numeric:tabular-nums}
caption{caption-side:top;text-align:left;font-weight:600;padding:.4em 0}
th,td{padding:.25em .7em;text-align:right;white-space:nowrap}
th{border-bottom:1px solid #999;font-weight:600}
th[colspan]{text-align:center}
th.text,td.text{text-align:left}
td.text{white-space:normal;max-width:26em;vertical-align:top}
tr.rule td{border-top:1px solid #ccc}
td small{color:#666}
p.warning{background:#fff3cd;border-left:4px solid #d39e00;padding:.5em .8em;max-width:60em}
ul{max-width:60em;padding-left:1.2em;color:#444}"""


@dataclass(frozen=True)
class Text:
    """One cell."""

    plain: str
    detail: str = ""
    """An interval or the like, in small print behind it."""
    bold: bool = False
    latex: str = ""
    """LaTeX in place of `plain`; empty to escape `plain`."""


@dataclass(frozen=True)
class Grid:
    """A table as it is read.

    A column's name has several levels; neighbours that share a level share its heading in LaTeX and HTML.
    """

    caption: str
    columns: list[tuple[str, ...]]
    rows: list[list[Text]]
    text_columns: int = 1
    """Columns at the left that hold text."""
    rules: list[int] = field(default_factory=list)
    """Rows with a line above."""
    warning: str = ""
    notes: list[str] = field(default_factory=list)


def markdown(grids: Sequence[Grid]) -> str:
    """All grids, one below the other."""
    parts = []
    for grid in grids:
        names = [_cell_markdown(Text(" ".join(filter(None, column)))) for column in grid.columns]
        dashes = ["---" if i < grid.text_columns else "--:" for i in range(len(names))]
        lines = [f"**{grid.caption}**", ""]
        lines += [f"> **{grid.warning}**", ""] if grid.warning else []
        lines += [_line(names), _line(dashes)]
        lines += [_line([_cell_markdown(cell) for cell in row]) for row in grid.rows]
        lines += ["", *(f"- {note}" for note in grid.notes)] if grid.notes else []
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def latex(grid: Grid) -> str:
    """A `table` environment for the booktabs package."""
    alignment = "l" * grid.text_columns + "r" * (len(grid.columns) - grid.text_columns)
    lines = [r"% needs \usepackage{booktabs}", r"\begin{table}", r"\centering"]
    caption = " ".join(filter(None, [grid.warning, grid.caption]))
    lines += [rf"\caption{{{escape_latex(caption)}}}", rf"\begin{{tabular}}{{{alignment}}}", r"\toprule"]
    for level in _levels(grid):
        cells = [
            escape_latex(name) if width == 1 else rf"\multicolumn{{{width}}}{{c}}{{{escape_latex(name)}}}"
            for name, width in level
        ]
        lines.append(" & ".join(cells) + r" \\")
    lines.append(r"\midrule")
    for i, row in enumerate(grid.rows):
        lines += [r"\midrule"] if i in grid.rules and i > 0 else []
        lines.append(" & ".join(map(_cell_latex, row)) + r" \\")
    lines += [r"\bottomrule", r"\end{tabular}"]
    lines += [rf"\par\footnotesize {escape_latex(note)}" for note in grid.notes]
    return "\n".join([*lines, r"\end{table}"]) + "\n"


def page(grids: Sequence[Grid], title: str) -> str:
    """A self-contained HTML page."""
    body = "\n".join(_table_html(grid) for grid in grids)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{html.escape(title)}</title>\n'
        f"<style>\n{_STYLE}\n</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def escape_latex(text: str) -> str:
    """Plain text as LaTeX."""
    return "".join(_LATEX.get(character, character) for character in text)


def _levels(grid: Grid) -> list[list[tuple[str, int]]]:
    """The rows of the heading: for each level that is not empty, names and how many columns they span."""
    depth = max(map(len, grid.columns))
    levels = []
    for level in range(depth):
        # A heading ends where any level above it does.
        prefixes = [(column + ("",) * depth)[: level + 1] for column in grid.columns]
        if any(prefix[-1] for prefix in prefixes):
            levels.append([(prefix[-1], len(list(group))) for prefix, group in groupby(prefixes)])
    return levels


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell_markdown(cell: Text) -> str:
    text = cell.plain.replace("|", "\\|")
    text = f"**{text}**" if cell.bold and text else text
    return f"{text} {cell.detail}".strip()


def _cell_latex(cell: Text) -> str:
    text = cell.latex or escape_latex(cell.plain)
    text = rf"\textbf{{{text}}}" if cell.bold else text
    return rf"{text} {{\scriptsize {escape_latex(cell.detail)}}}" if cell.detail else text


def _table_html(grid: Grid) -> str:
    lines = [f'<p class="warning">{html.escape(grid.warning)}</p>'] if grid.warning else []
    lines += ["<table>", f"<caption>{html.escape(grid.caption)}</caption>", "<thead>"]
    for level in _levels(grid):
        cells = "".join(_heading_html(name, width, i < grid.text_columns) for i, (name, width) in enumerate(level))
        lines.append(f"<tr>{cells}</tr>")
    lines += ["</thead>", "<tbody>"]
    for i, row in enumerate(grid.rows):
        cells = "".join(_cell_html(cell, j < grid.text_columns) for j, cell in enumerate(row))
        lines.append(f'<tr class="rule">{cells}</tr>' if i in grid.rules else f"<tr>{cells}</tr>")
    lines += ["</tbody>", "</table>"]
    if grid.notes:
        lines += ["<ul>", *(f"<li>{html.escape(note)}</li>" for note in grid.notes), "</ul>"]
    return "\n".join(lines)


def _heading_html(name: str, width: int, is_text: bool) -> str:
    kind = f' colspan="{width}"' if width > 1 else ' class="text"' if is_text else ""
    return f"<th{kind}>{html.escape(name)}</th>"


def _cell_html(cell: Text, is_text: bool) -> str:
    text = html.escape(cell.plain)
    text = f"<b>{text}</b>" if cell.bold else text
    text += f" <small>{html.escape(cell.detail)}</small>" if cell.detail else ""
    return f'<td class="text">{text}</td>' if is_text else f"<td>{text}</td>"
