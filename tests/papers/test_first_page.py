import re
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from docutils.core import publish_parts
from jinja2 import Environment

from semtok.papers.first_page import verdicts

pytestmark = pytest.mark.filterwarnings("ignore:Argument .writer_name.:PendingDeprecationWarning")

TEMPLATE = Path(__file__).parents[2] / "workflow/report/workflow.rst"
MARKS = "- L_co* beats `L_re`_ by |43%| in Recall@5: <b>."
REASON = "3 of 24 comparisons hold, 24 must; not significant: a > b in NDCG@5. On MIND: a sample."


def claims(folder, paper, rows):
    """A `claims.csv`; rows are id, statement, verdict, source and what must come out."""
    path = folder / "papers" / paper / "claims.csv"
    path.parent.mkdir(parents=True)
    columns = ["id", "claim", "verdict", "source", "truth"]
    pd.DataFrame(rows, columns=columns).assign(paper=paper, reason=REASON).to_csv(path, index=False)
    return path


class Name(str):
    """Of a category of the report."""

    @property
    def name(self):
        return str(self)


def page(found):
    """The first page as Snakemake makes it, where every warning of docutils is an error."""
    config = {"source": "mirror", "seeds": [0], "papers": {"cost": {}}, "verdicts": found}
    categories = {Name("cost"): {Name("claims"): []}}
    template = Environment(trim_blocks=True, lstrip_blocks=True).from_string(TEMPLATE.read_text())
    text = template.render(snakemake=SimpleNamespace(config=config), categories=categories, files=[])
    html: str = publish_parts(text, writer_name="html", settings_overrides={"halt_level": 2})["html_body"]
    return html


def cells(html):
    return [re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<td>(.*?)</td>", html, flags=re.DOTALL)]


def test_every_claim_stands_with_its_verdict(tmp_path):
    rows = [
        ("C-1", MARKS, "reproduced", "mirror", ""),
        ("C-2", "Another.", "inconclusive", "not run", ""),
        ("C-2.MIND", "A part of it.", "inconclusive", "not run", ""),
        ("C-3", "A third.", "not reproduced", "mirror", ""),
    ]
    found = verdicts([claims(tmp_path, "cost", rows), tmp_path / "papers/simcit/claims.csv"])
    assert [one["silent"] for one in found] == [0]
    shown = cells(page(found))
    assert shown[0::4] == ["C-1", "C-2", "C-3"]
    assert shown[1] == MARKS.replace("<", "&lt;").replace(">", "&gt;").replace("@", "&#64;")
    assert [verdict.split(maxsplit=1)[1] for verdict in shown[2::4]] == ["reproduced", "not run", "not reproduced"]
    assert set(shown[3::4]) == {"3 of 24 comparisons hold, 24 must."}


def test_made_up_data_have_no_table_and_known_answers_have(tmp_path):
    made_up = [(f"C-{n}", "Of the paper.", "synthetic", "synthetic", "") for n in (1, 2)]
    known = [("W-1", "Of a world.", "reproduced", "planted", "reproduced")]
    found = verdicts([claims(tmp_path, "cost", made_up), claims(tmp_path, "worlds", known)])
    assert [(one["silent"], len(one["claims"])) for one in found] == [(0, 1), (2, 0)], "what has an answer comes first"
    html = page(found)
    assert "2 claims" in html
    assert "1 of 1" in html
    assert cells(html)[0] == "W-1"


def test_a_report_without_claims_has_no_verdicts():
    assert verdicts([]) == []
    assert cells(page([])) == []
