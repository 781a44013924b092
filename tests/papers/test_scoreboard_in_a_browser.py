"""The page of verdicts in headless Chromium: what is clicked, a phone, and the dark."""

import json
import re
import subprocess

import pytest

from support.browser import BROWSER, command

pytestmark = pytest.mark.skipif(BROWSER is None, reason="needs chromium")

CLICKS = """
const shown = () => [...document.querySelectorAll("details.claim")].filter((c) => !c.hidden).length;
const column = (n) => [...document.querySelectorAll("#cells tbody tr")].filter((r) => !r.hidden)
  .map((r) => r.cells[n].textContent);
const set = (element, value) => { element.value = value; element.dispatchEvent(new Event("input")); };
const found = { all: shown() };
document.querySelector('button[data-state="reproduced"]').click();
found.withoutReproduced = shown();
document.querySelector('button[data-state="reproduced"]').click();
set(document.getElementById("words"), "by 43.34% in recall@5");
found.words = shown();
const details = document.querySelector("details.claim");
details.querySelector("summary").click();
found.unfolded = details.open && details.querySelectorAll("tbody tr").length;
document.querySelectorAll("#cells thead button")[7].click();
found.largestFirst = column(7);
document.querySelectorAll("#cells thead button")[7].click();
found.smallestFirst = column(7);
found.sorted = document.querySelectorAll("#cells thead th")[7].ariaSort;
document.querySelectorAll("#cells thead button")[6].click();
found.printed = column(6);
document.querySelector('a[href="#row-0-0"]').click();
window.dispatchEvent(new Event("hashchange"));
found.behind = document.getElementById("row-0-0").open;
set(document.querySelectorAll("select.filter")[5], "40");
found.filtered = column(3);
"""


def seen_in_a_browser(page, script, folder, *arguments):
    """What a script finds in a page, which it leaves in `found`."""
    html, told = page.read_text(), "document.body.innerHTML = `<pre>${JSON.stringify(found)}</pre>`;"
    clicked = folder / "clicked.html"
    clicked.write_text(html.replace("</body>", f"<script>{script}\n{told}</script></body>"))
    seen = subprocess.run(
        [*command(folder), *arguments, "--dump-dom", clicked.as_uri()],
        **{"capture_output": True, "text": True, "timeout": 120, "check": True},
    ).stdout
    return json.loads(re.search(r"<pre>(.*?)</pre>", seen, re.DOTALL)[1])


def test_clicking(pages, tmp_path):
    found = seen_in_a_browser(pages / "one.html", CLICKS, tmp_path)
    assert found["all"] == 15
    assert 0 < found["withoutReproduced"] < 15
    assert found["words"] == 1
    assert found["unfolded"] == 1
    assert found["largestFirst"] == ["0.3000", "0.1100", "0.0200"]
    assert found["smallestFirst"] == ["0.0200", "0.1100", "0.3000"]
    assert found["sorted"] == "ascending"
    assert found["printed"] == ["0.2", "0.05", "0.0319"]
    assert found["behind"] is True
    assert found["filtered"] == ["L_co"]


SEVERAL = """
const rows = () => [...document.querySelectorAll("#cells tbody tr")].filter((r) => !r.hidden);
const box = document.getElementById("cells-changed");
const found = { all: rows().length };
box.click();
found.changed = rows().length;
box.click();
[...document.querySelectorAll("#cells thead button")].at(-1).click();
found.differences = rows().map((r) => r.cells[r.cells.length - 1].textContent);
"""


def test_clicking_through_two_runs(pages, tmp_path):
    found = seen_in_a_browser(pages / "two.html", SEVERAL, tmp_path)
    numbers = [float(told) for told in found["differences"] if told]
    assert found["changed"] == sum(map(bool, numbers)) < found["all"]
    assert numbers == sorted(numbers, reverse=True)


LOOKS = """
const style = getComputedStyle(document.body);
const found = { paper: style.backgroundColor, ink: style.color, width: innerWidth, needed: document.body.scrollWidth };
"""


def test_a_phone_and_the_dark(pages, tmp_path):
    phone = seen_in_a_browser(pages / "one.html", LOOKS, tmp_path, "--window-size=390,844")
    assert phone["needed"] <= phone["width"] <= 500
    dark = seen_in_a_browser(pages / "one.html", LOOKS, tmp_path, "--blink-settings=preferredColorScheme=0")
    light = seen_in_a_browser(pages / "one.html", LOOKS, tmp_path, "--blink-settings=preferredColorScheme=1")
    assert (dark["paper"], dark["ink"]) != (light["paper"], light["ink"])


CONTROLS = """
const controls = [...document.querySelectorAll("button, summary, select, input, a[href]")];
const name = (c) => (c.getAttribute("aria-label") || c.labels?.[0]?.textContent || c.textContent || "").trim();
const reached = (c) => { c.focus(); return document.activeElement === c && c.tabIndex >= 0; };
const found = {
  controls: controls.length,
  nameless: controls.filter((c) => !name(c)).map((c) => c.outerHTML),
  unreachable: controls.filter((c) => c.checkVisibility() && !reached(c)).map((c) => c.outerHTML),
  pictures: [...document.querySelectorAll("svg")].length,
  untold: [...document.querySelectorAll("svg")]
    .filter((s) => s.getAttribute("aria-hidden") !== "true" && !s.getAttribute("aria-label")).map((s) => s.outerHTML),
  tables: [...document.querySelectorAll("table")].filter((t) => !t.querySelector("th")).length,
};
"""


def test_keyboard_and_screen_reader(pages, tmp_path):
    for page in ("one.html", "two.html"):
        found = seen_in_a_browser(pages / page, CONTROLS, tmp_path)
        assert found["controls"] > 20
        assert found["pictures"] > 5
        assert found["nameless"] == found["unreachable"] == found["untold"] == []
        assert found["tables"] == 0
