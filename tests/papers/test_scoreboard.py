"""The page of verdicts: what it says of made-up runs."""

import json
import re
import shutil
import subprocess
from dataclasses import replace

import pandas as pd
import pytest

from semtok.compare import main as compare
from semtok.errors import DataError
from semtok.papers.planted import main as planted
from semtok.papers.scoreboard import forest, state_of, write_scoreboard
from semtok.papers.workflow_run import read_run
from support.fabricated_cost import AS_PRINTED
from support.made_up_run import claims_of, write_run
from support.project import ROOT

SCRIPT = ROOT / "src/semtok/papers/templates/scoreboard.js"


def test_a_row_a_claim_with_its_verdict_in_sign_and_word(pages):
    claims = claims_of(pages / "one.html")
    assert len(claims) == 15
    attributes, summary = claims[0]
    assert 'data-state="reproduced"' in attributes
    assert "✓</span> reproduced" in summary
    assert "43.34%" in summary
    assert "The paper: &#34;on the MIND dataset [...] CoST achieves" in summary
    assert "<svg" in summary
    assert 'class="printed"' in summary


def test_two_runs_stand_side_by_side_and_what_changed_is_told(pages):
    attributes, summary = claims_of(pages / "two.html")[0]
    assert 'data-changed="true"' in attributes
    assert "reproduced <small>first</small>" in summary
    assert "not reproduced <small>second</small>" in summary
    assert 'data-changed="true"' not in (pages / "one.html").read_text()


def test_two_runs_have_a_column_of_their_difference(pages):
    page = (pages / "two.html").read_text()
    assert '<button type="button">second - first</button>' in page
    table = page.partition('<table id="cells">')[2].partition("</table>")[0]
    rows = re.findall(r"<tr>(<td>.*?)</tr>", table, re.DOTALL)
    assert len(rows) == len(re.findall('class="number difference"', page))
    for row in rows:
        cells = [re.sub("<[^>]+>", "", cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)]
        first, second, difference = cells[-5], cells[-3], cells[-1]
        if first and second:
            assert float(difference) == pytest.approx(float(second) - float(first), abs=1e-4)
        else:
            assert not difference
    assert 'class="number difference"' not in (pages / "one.html").read_text()


def test_the_filters_offer_what_there_is_in_order(runs, tmp_path):
    run = read_run(runs[0])
    ks = ["40", "5", "", "10"]
    cells = run.cells.assign(k=ks, mean="0.1")
    silent = run.claims.assign(paper="silent", verdict="synthetic")
    write_scoreboard([replace(run, cells=cells, claims=pd.concat([run.claims, silent]))], tmp_path / "page.html")
    offered = re.findall(r"<select[^>]*>(.*?)</select>", (tmp_path / "page.html").read_text(), re.DOTALL)
    papers, *_, k = (re.findall(r"<option>(.*?)</option>", choices) for choices in offered)
    assert papers == ["cost"]
    assert k == ["5", "10", "40"]


def test_a_row_leads_to_its_options_and_history(pages):
    page = (pages / "one.html").read_text()
    assert page.count('<a href="#row-0-0">L_co</a>') == 2
    section = page[page.index('<details class="behind" id="row-0-0">') :]
    assert "<h4>train mind cost tiger</h4>\n<pre>epochs: 7\n</pre>" in section
    assert "train: loss by epoch, until 2<br>1.25 to 3.5; at the end 1.25" in section
    assert '<polyline points="0.0,0.0 150.0,50.0"/>' in section
    assert '<a href="#row-0-0">L_co</a>' in (pages / "two.html").read_text()


def test_a_claim_that_the_last_run_lacks_can_still_be_shown(runs, tmp_path):
    first, second = map(read_run, runs)
    less = replace(second, claims=second.claims[second.claims["id"] != "C-1"])
    write_scoreboard([first, less], tmp_path / "page.html")
    attributes, summary = claims_of(tmp_path / "page.html")[0]
    assert 'data-state="reproduced"' in attributes
    assert summary.count('class="badge') == 1


def test_the_page_needs_no_network(pages):
    page = (pages / "two.html").read_text()
    links = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert links
    assert all(link.startswith(("../runs", "#row-")) for link in links)
    assert any("/papers/cost/table2." in link for link in links)
    assert "http" not in page


def test_synthetic_data_share_one_line_without_a_verdict(tmp_path):
    write_run(tmp_path / "demo", AS_PRINTED, source="synthetic", users=700)
    write_scoreboard([read_run(tmp_path / "demo")], tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert claims_of(tmp_path / "page.html") == []
    assert page.count("Synthetic data: no verdict on 15 claims of cost.") == 1
    assert "43.34%" in page
    assert 'class="answer' not in page


def with_truths(run, **truths):
    """The run, of which some claims have a known answer."""
    return replace(run, claims=run.claims.assign(truth=[truths.get(name, "") for name in run.claims["id"]]))


def test_worlds_come_first_and_say_whether_they_came_out_as_planted(runs, tmp_path):
    run = with_truths(read_run(runs[0]), **{"C-4": "reproduced", "C-6": "reproduced"})
    write_scoreboard([run], tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert page.index("✓</span> 2 of 2 claims about worlds whose answer is known came out as planted.") < page.index(
        "<main>"
    )
    first, second, third = (summary for _, summary in claims_of(tmp_path / "page.html")[:3])
    assert "C-4" in first
    assert "C-6" in second
    assert first.count("As planted.") == second.count("As planted.") == 1
    assert "lanted" not in third


def test_a_world_that_comes_out_otherwise_is_a_failure(runs, tmp_path):
    run = with_truths(read_run(runs[0]), **{"C-4": "reproduced", "C-6": "not reproduced"})
    write_scoreboard([run], tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert "✗</span> 1 of 2 claims" in page
    assert "cost C-6 is reproduced, and must be not reproduced: " in page
    assert "Planted: not reproduced." in claims_of(tmp_path / "page.html")[1][1]


@pytest.mark.parametrize(
    ("truths", "said"),
    [
        ({"C-4": "reproduced"}, ""),
        ({"C-4": "not reproduced"}, r"error: 0 of 1 claims .*\n  cost C-4 is reproduced, and must be not reproduced: "),
        ({}, "found no claims about worlds"),
    ],
)
def test_the_command_fails_unless_all_came_out_as_planted(runs, tmp_path, capsys, truths, said):
    claims = with_truths(read_run(runs[0]), **truths).claims
    (tmp_path / "papers/worlds").mkdir(parents=True)
    claims.to_csv(tmp_path / "papers/worlds/claims.csv", index=False)
    if said:
        with pytest.raises(SystemExit, match=said):
            planted([str(tmp_path)])
    else:
        planted([str(tmp_path)])
        assert capsys.readouterr().out == "1 of 1 claims about worlds whose answer is known came out as planted.\n"


def test_own_data_have_a_page_without_claims(runs, tmp_path):
    own = tmp_path / "shop"
    (own / "papers/own").mkdir(parents=True)
    cells = pd.read_csv(runs[0] / "papers/cost/table2.csv", dtype=str).assign(paper="own", printed="")
    cells.to_csv(own / "papers/own/table2.csv", index=False)
    write_scoreboard([read_run(own)], tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert "<h1>Every number</h1>" in page
    assert 'aria-label="Claims"' not in page
    assert "diamond" not in page
    assert ">printed<" not in page
    assert page.count('<td class="number">0.1100</td>') == 1
    compare([str(own), str(runs[0]), "--output", str(tmp_path / "page.html")])
    assert len(claims_of(tmp_path / "page.html")) == 15


def test_results_of_another_config_may_lie_below(runs, tmp_path):
    """As results/demo in results: each is a run of its own."""
    shutil.copytree(runs[0], tmp_path / "results")
    shutil.copytree(runs[1], tmp_path / "results/demo")
    alone, outer = read_run(runs[0]), read_run(tmp_path / "results")
    assert len(outer.claims) == len(alone.claims)
    assert outer.claims["verdict"].tolist() == alone.claims["verdict"].tolist()
    assert len(outer.behind) == len(alone.behind)
    (tmp_path / "results/other").mkdir()
    (tmp_path / "results/papers").rename(tmp_path / "results/other/papers")
    with pytest.raises(DataError, match=r"found several runs, in .*demo/, .*other/; expected the folder of one"):
        read_run(tmp_path / "results")


def test_what_is_said_of_a_claim():
    claim = {"verdict": "inconclusive", "source": "mirror"}
    assert state_of(claim) == "inconclusive"
    assert state_of({**claim, "source": "not run"}) == "not run"
    assert state_of({**claim, "source": "mirror; synthetic"}) == "synthetic"


def test_forest_positions_share_an_axis_a_unit():
    rows = [
        {"comparison": "a", "unit": "percent", "value": "10", "low": "0", "high": "20", "printed": "40"},
        {"comparison": "b", "unit": "percent", "value": "-40", "low": "-inf", "high": "nan", "printed": ""},
        {"comparison": "c", "unit": "fraction", "value": "0.1", "low": "0.05", "high": "0.2", "printed": ""},
    ]
    first, second, third = forest(rows)
    # From -40 to 40 over 224 units between margins of 8.
    assert [first[name] for name in ("zero", "value", "low", "high", "printed")] == [120.0, 148.0, 120.0, 176.0, 232.0]
    assert not first["is_clear"]
    assert [second[name] for name in ("value", "low", "high", "printed")] == [8.0, 8.0, 232.0, None]
    assert second["words"] == "-40.0%, of no known interval"
    assert [third["zero"], third["value"], third["is_clear"]] == [8.0, 120.0, True]
    assert [mark["ends"] for mark in (first, second, third)] == ["-40.0% to +40.0%"] * 2 + ["0 to +0.2000"]
    assert first["words"] == "+10.0% [0, +20.0%]; claimed +40.0%"


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
@pytest.mark.parametrize(
    ("cells", "are_numbers", "ordered"),
    [
        (["0.0024", "", "0.006", "0.0032", "-1"], True, ["-1", "0.0024", "0.0032", "0.006", ""]),
        (["40", "5", "10"], True, ["5", "10", "40"]),
        (["table10", "table2"], False, ["table2", "table10"]),
    ],
)
def test_the_order_of_cells(cells, are_numbers, ordered):
    function = re.search(r"^function compare.*?^}", SCRIPT.read_text(), re.DOTALL | re.MULTILINE)[0]
    script = f"{function} console.log(JSON.stringify({cells}.sort((x, y) => compare(x, y, {int(are_numbers)}, 1))))"
    assert json.loads(subprocess.check_output(["node", "-e", script], text=True)) == ordered
