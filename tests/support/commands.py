"""The commands that the documentation tells a reader to type."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from markdown_it import MarkdownIt

from support.project import ROOT

PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
SHELLS = ("sh", "bash", "console")
PROGRAMS = r"snakemake|semtok|make|pytest|python -m"
"""What a command within a sentence begins with, arguments behind it."""


@dataclass(frozen=True)
class Command:
    page: str
    line: str
    """As it is typed, without what a remark says of it."""
    files: tuple[tuple[str, str], ...]
    """Files that the reader makes before, by their names: the blocks of the page that the command is about."""

    def __str__(self) -> str:
        return f"{self.page}: {self.line}"


def commands() -> Iterator[Command]:
    """Those of all pages: indented blocks, fenced ones in a shell's name, and what stands in a sentence."""
    for page in PAGES:
        yield from _of_page(page.relative_to(ROOT).as_posix(), page.read_text(encoding="utf-8"))


def _of_page(page: str, text: str) -> Iterator[Command]:
    mapping, module = "", ""
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type == "fence" and token.info not in SHELLS:
            assert token.info, f"{page}, line {(token.map or [0])[0] + 1}: a block without its language"
            mapping = token.content if token.info == "yaml" else mapping
            module = token.content if token.info == "python" else module
        elif token.type in ("code_block", "fence"):
            joined = re.sub(r"\\\n\s*", "", token.content)
            for line in filter(None, (re.sub(r"(^|\s)#.*", "", line).strip() for line in joined.splitlines())):
                yield Command(page, line.removeprefix("$ "), _files(line, mapping, module))
        elif token.type == "inline":
            for part in token.children or []:
                found = part.content.strip() if part.type == "code_inline" else ""
                if re.match(rf"(?:{PROGRAMS}) [^ ]", found) and " ... " not in found:
                    yield Command(page, found, _files(found, mapping, module))
                elif ": {" in found and isinstance(yaml.safe_load(found), dict):
                    mapping = found


def _files(line: str, mapping: str, module: str) -> tuple[tuple[str, str], ...]:
    """The configs of the reader's own that a command names, and the modules that these name."""
    configs = [name for name in re.findall(r"(?<!\S)[\w-]+\.yaml", line) if not (ROOT / name).exists()]
    modules = re.findall(r"method: (\w+\.py)", mapping) if configs else []
    return tuple([(name, mapping) for name in configs] + [(name, module) for name in modules])


def raw_files(configs: Iterator[Path]) -> set[str]:
    """All paths below a mirror that configs name."""

    def paths(node: object) -> Iterator[str]:
        if isinstance(node, dict):
            if isinstance(path := node.get("path"), str):
                yield path
            node = list(node.values())
        for part in node if isinstance(node, list) else []:
            yield from paths(part)

    return {path for config in configs for path in paths(yaml.safe_load(config.read_text()))}
