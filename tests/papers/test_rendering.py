import re
from html.parser import HTMLParser

import pytest

from semtok.papers.rendering import Grid, Text, latex, markdown, page
from semtok.papers.templates import escape_latex


@pytest.fixture
def grid():
    return Grid(
        "Results & more",
        [("", "Methods"), ("A_1", "paper"), ("A_1", "ours"), ("B", "paper"), ("B", "ours")],
        [
            [Text("L_x | y", latex=r"$L_x$"), Text("1"), Text("2", "[1, 3]", bold=True), Text("—"), Text("")],
            [Text("<b>"), Text("50%"), Text("4"), Text("5"), Text("6")],
        ],
        rules=[1],
        warning="Beware",
        notes=["first_note", "second"],
    )


def test_markdown(grid):
    lines = markdown([grid]).splitlines()
    assert lines[0] == "**Results & more**"
    assert "> **Beware**" in lines
    assert "| Methods | A_1 paper | A_1 ours | B paper | B ours |" in lines
    assert "| --- | --: | --: | --: | --: |" in lines
    assert r"| L_x \| y | 1 | **2** [1, 3] | — |  |" in lines
    assert lines[-2:] == ["- first_note", "- second"]


def test_latex(grid):
    text = latex([grid])
    assert r"\caption{Beware Results \& more}" in text
    assert r" & \multicolumn{2}{c}{A\_1} & \multicolumn{2}{c}{B} \\" in text
    assert r"$L_x$ & 1 & \textbf{2} {\scriptsize [1, 3]} & --- &  \\" in text
    assert r"<b> & 50\% & 4 & 5 & 6 \\" in text
    body = text[text.index(r"\toprule") : text.index(r"\bottomrule")]
    assert body.count("\\\\\n") == 4
    assert body.count(r"\midrule") == 2


def test_every_special_character_is_escaped():
    assert escape_latex(r"a_b%&#{}$~^\ ") == r"a\_b\%\&\#\{\}\$\textasciitilde{}\textasciicircum{}\textbackslash{} "


def test_headings_of_numbers_are_on_the_right_of_those_of_texts():
    columns = [("", "Methods"), ("", "Metrics"), ("@5", "ours"), ("@10", "ours")]
    shown = page([Grid("Results", columns, [[Text("a")] * 4], 2)], "Results")
    assert '<tr><th colspan="2"></th><th>@5</th><th>@10</th></tr>' in shown


def test_pages_are_dark_where_the_browser_is(grid):
    shown = page([grid], "Results")
    assert "color-scheme:light dark" in shown
    # Colours are those of the scheme.
    assert not re.search(r"(?:color|background):#", re.sub(r"^:root.*|^@media.*", "", shown, flags=re.MULTILINE))


class Cells(HTMLParser):
    def __init__(self):
        super().__init__()
        self.rows, self.widths, self.open = [], [], []

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
            self.widths.append(0)
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self.widths[-1] += int(dict(attributes).get("colspan", 1))

    def handle_endtag(self, tag):
        while self.open.pop() != tag:
            pass

    def handle_data(self, data):
        if self.rows and {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data


def test_html_page(grid):
    text = page([grid], "A & B")
    cells = Cells()
    cells.feed(text)
    assert cells.rows == [
        ["", "A_1", "B"],
        ["Methods", "paper", "ours", "paper", "ours"],
        ["L_x | y", "1", "2 [1, 3]", "—", ""],
        ["<b>", "50%", "4", "5", "6"],
    ]
    assert cells.widths == [5, 5, 5, 5]
    assert "<title>A &amp; B</title>" in text
    assert '<p class="warning">Beware</p>' in text
    # A wide table scrolls in a box of its own.
    assert text.count('<div class="scroll">\n<table>') == text.count("<table>") == 1
    # Self-contained: nothing is loaded from elsewhere.
    assert "http" not in text
    assert "src=" not in text


def test_equal_headings_below_different_ones_stay_apart():
    grid = Grid("", [("A", "@5", "paper"), ("B", "@5", "paper")], [[Text("1"), Text("2")]], text_columns=0)
    cells = Cells()
    cells.feed(page([grid], ""))
    assert cells.rows[:3] == [["A", "B"], ["@5", "@5"], ["paper", "paper"]]


def test_a_table_without_the_columns_of_a_name():
    columns = [("", "Method"), ("@5", "paper"), ("@5", "ours"), ("@10", "paper"), ("@10", "ours")]
    rows = [[Text(name) for name in ("a", "—", "1", "—", "2")]]
    found = Grid("A table", columns, rows, rules=[0], notes=["A note."]).without("paper")
    assert found.columns == [("", "Method"), ("@5", "ours"), ("@10", "ours")]
    assert [text.plain for text in found.rows[0]] == ["a", "1", "2"]
    assert (found.rules, found.notes) == ([0], ["A note."])
