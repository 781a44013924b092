"""What mkdocs.yml leaves to code: pages from files outside of docs/, the pages of results, and equations."""

import html
import posixpath
import re
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert
from mkdocs.structure.files import File

ROOT = Path(__file__).parents[1]
INCLUDED = {"index.md": "README.md", "contributing.md": "CONTRIBUTING.md", "changelog.md": "CHANGELOG.md"}
"""Pages that are files of the repository, which are read there, too."""
LINK = re.compile(r"(?<!!)\[([^][]*)\]\(([^)#:]+)(#[^)]*)?\)")
EQUATION = re.compile(
    r'<(?:span|div) class="arithmatex">\\(?P<kind>[([])(?P<latex>.*?)\\[])]</(?:span|div)>', re.DOTALL
)


def on_config(config: Any) -> Any:
    """Every page of docs/results stands in the navigation, whichever there are, behind the verdicts of all."""
    pages = sorted(path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs/results").glob("*.md"))
    pages = [page for page in pages if not page.endswith(("-conclusions.md", "-experiments.md"))]  # parts of pages
    for entry in config.nav:
        if "Results" in entry:
            entry["Results"] = [{"All verdicts": "results/verdicts.html"}, *pages]
    return config


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that are files of the repository. Their links are relative to its root."""
    for page, name in INCLUDED.items():
        text = (ROOT / name).read_text(encoding="utf-8").replace("](docs/", "](")
        files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Links as the site has them: one to a file that is no page leaves its text, since the site does not know where
    that lies, and one that is called by its file is called by its page's title.
    """
    folder = posixpath.dirname(page.file.src_uri)

    def as_here(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(folder, link[2]))
        if target.startswith("../"):
            return link[1]
        if link[1].endswith(".md") and (there := files.get_file_from_path(target)):
            title = re.search(r"^# (.*)$", there.content_string, flags=re.MULTILINE)
            return link[0].replace(link[1], title[1], 1) if title else link[0]
        return link[0]

    return LINK.sub(as_here, markdown)


def on_page_content(content: str, page: Any, config: Any, files: Any) -> str:
    """Equations as MathML, which browsers draw without a script."""

    def mathml(found: re.Match[str]) -> str:
        latex, is_block = html.unescape(found["latex"]), found["kind"] == "["
        equation = convert(latex, display="block" if is_block else "inline")
        if "\\" in equation:
            raise ValueError(f"{page.file.src_uri}: found {latex}; expected LaTeX that latex2mathml knows")
        # Wider than a telephone: it scrolls, and not the page.
        return f'<div style="overflow-x: auto">{equation}</div>' if is_block else equation

    return EQUATION.sub(mathml, content)
