"""The site is built from docs/ without a warning, and asks nothing of other servers."""

import re
import subprocess
import sys

import pytest

from support.project import ROOT

pytest.importorskip("mkdocs", reason="in the environment of `make test`: requirements-site.lock")


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The built pages by their paths."""
    folder = tmp_path_factory.mktemp("site")
    # Sockets are refused: what is built has to be here.
    code = (
        "import socket, sys\n"
        "def refuse(*_): raise OSError('no network')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "from mkdocs.__main__ import cli\n"
        f"cli(['build', '--strict', '--quiet', '--site-dir', {str(folder)!r}])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*.html")}


def test_nothing_comes_from_another_server(pages):
    loads = r"<(?:script|img|iframe|source)[^>]*\ssrc=\"?(?:https?:)?//|<link[^>]*rel=\"?stylesheet[^>]*(?:https?:)?//"
    assert [name for name, page in pages.items() if re.search(loads, page)] == []
    assert not any("fonts.googleapis" in page for page in pages.values())


def test_every_page_is_there_and_in_the_navigation(pages):
    names = {path.relative_to(ROOT / "docs").with_suffix(".html").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    names = {name for name in names if not name.endswith(("-conclusions.html", "-experiments.html"))}  # parts of pages
    names |= {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.html")}
    assert names | {"index.html", "contributing.html", "changelog.html", "404.html"} == set(pages)
    start = pages["index.html"]
    assert "make demo" in start
    assert [name for name in names if f'href="{name}"' not in start] == []


def test_no_link_repeats_the_words_before_it(pages):
    """A link that is called by its file is called by its page's title here."""
    assert [name for name, page in pages.items() if re.search(r"([A-Z][\w ]{8,}):\s+<a [^>]*>\1</a>", page)] == []


def test_equations_are_drawn_by_the_browser(pages):
    methods = pages["methods.html"]
    assert methods.count('<math xmlns="http://www.w3.org/1998/Math/MathML" display="block">') >= 10
    assert not any("arithmatex" in page for page in pages.values())
