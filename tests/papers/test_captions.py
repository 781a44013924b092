import re
from collections import namedtuple
from types import SimpleNamespace

import pytest
from docutils.core import publish_parts
from jinja2 import Environment, StrictUndefined

from semtok.plan.definition import load
from support.fabricated_results import DEFINITION, REPOSITORY

CAPTIONS = REPOSITORY / "workflow/report"


Part = namedtuple("Part", "name")
REPORTED = {Part("cost"): {Part("tables"): [], Part("claims"): []}, Part("Scoreboard"): {Part("Other"): []}}
"""What is in a report, as Snakemake gives it to the text in front: by category and subcategory."""


def render(name, exhibit, definition=DEFINITION):
    content = load(definition).model_dump(mode="json")
    uncertainty = {"bootstrap_samples": 1000, "confidence": 0.95, "seed": 0}
    snakemake = SimpleNamespace(
        wildcards=SimpleNamespace(paper="cost", exhibit=exhibit),
        params=SimpleNamespace(shown={"content": content, "uncertainty": uncertainty}),
        config={"source": "synthetic", "seeds": [0, 1], "papers": {"cost": {}, "own": {}}},
    )
    text = (CAPTIONS / name).read_text()
    return Environment(undefined=StrictUndefined).from_string(text).render(snakemake=snakemake, categories=REPORTED)


@pytest.mark.filterwarnings("ignore:Argument .writer_name.:PendingDeprecationWarning")
@pytest.mark.parametrize(
    ("name", "exhibit", "says"),
    [
        ("table.rst", "table1", "Bold is within 5% of the paper"),
        ("ranking_table.rst", "table2", "1,000 resamples of the users"),
        ("figure.rst", "figure4", "lines the 95% interval"),
        ("figure.rst", "figure3", "stands in for one that cannot be had"),
        ("claims.rst", "table2", "paired over users, at 5%, two-sided"),
        ("workflow.rst", "table2", "Data: synthetic — **a made-up world: no number"),
    ],
)
def test_captions(name, exhibit, says):
    check(render(name, exhibit), says)


@pytest.mark.filterwarnings("ignore:Argument .writer_name.:PendingDeprecationWarning")
@pytest.mark.parametrize(
    ("name", "exhibit", "says"),
    [
        ("figure.rst", "figure4", "What the tokenizer logged while it was trained"),
        ("figure.rst", "figure5", "Bars are means over seeds"),
        ("figure.rst", "figure6", "t-SNE of the quantized vectors"),
        ("ranking_table.rst", "table4", "only the order of the methods may be compared"),
    ],
)
def test_captions_of_simcit(name, exhibit, says):
    check(render(name, exhibit, REPOSITORY / "config/papers/simcit.yaml"), says)


@pytest.mark.filterwarnings("ignore:Argument .writer_name.:PendingDeprecationWarning")
@pytest.mark.parametrize(
    ("exhibit", "says"), [("table2", "the share of right tokens"), ("table5", "what a random scorer earns")]
)
def test_captions_of_store(exhibit, says):
    check(render("table.rst", exhibit, REPOSITORY / "config/papers/store.yaml"), says)


@pytest.mark.filterwarnings("ignore:Argument .writer_name.:PendingDeprecationWarning")
def test_the_text_in_front_speaks_of_what_is_there(monkeypatch):
    assert "Papers: cost\n" in render("workflow.rst", "table2")
    assert "statements these data reproduce" in render("workflow.rst", "table2")
    monkeypatch.setitem(globals(), "REPORTED", {Part("own"): {Part("tables"): []}, Part("Scoreboard"): {}})
    own = render("workflow.rst", "table2")
    assert "Papers: own\n" in own
    assert not re.search("statement|claim|printed|proprietary", own)
    check(own, "The scoreboard, in the menu, has every number")


def check(text, says):
    assert says in " ".join(text.split())
    # As Snakemake does it; a warning of the parser is an error here.
    html = publish_parts(text, writer_name="html", settings_overrides={"halt_level": 2})["body"]
    assert "<p>" in html
    assert "{{" not in html
