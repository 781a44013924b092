import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from semtok.config import documentation
from semtok.config.model import Config
from semtok.plan.table_specs import RankingTable

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "config/schema.json").read_text())


def test_both_files_are_what_the_options_classes_say():
    again = "run: python -m semtok.config.documentation"
    assert (ROOT / "docs/options.md").read_text() == documentation.options(), again
    assert (ROOT / "config/schema.json").read_text() == documentation.schema(), again


def test_every_option_has_a_meaning():
    def without(section):
        yield from (
            f"{section.__name__}.{name}" for name, field in section.model_fields.items() if not field.description
        )

    sections = dict.fromkeys([Config, *documentation.sections(Config)])
    # What a method's name means is said of its class.
    assert [name for section in sections for name in without(section) if not name.endswith(".method")] == []
    assert [section.__name__ for section in sections if not section.__doc__] == []


def test_words_of_recbole_lead_to_options():
    words = (ROOT / "docs/concepts.md").read_text().split("## In RecBole's words")[1]
    named = re.findall(r"`(?:\w+\.)*(\w+)(?:: [\w-]+)?`", " ".join(re.findall(r"^\|.*?\|(.*?)\|", words, re.MULTILINE)))
    options = set(re.findall(r"^\| `(\w+)` \|", documentation.options(), re.MULTILINE))
    assert len(named) > 20
    assert [name for name in named if name not in options | RankingTable.model_fields.keys()] == []


OVERLAYS = ["cpu.yaml", "paper.yaml", "calibration.yaml", "test.yaml"]


@pytest.mark.parametrize("name", OVERLAYS)
def test_every_paper_is_named_in_each_config(name):
    # One that is not is the demo's there, with its data and its minutes.
    papers = {file: yaml.safe_load((ROOT / "config" / file).read_text())["papers"] for file in ("config.yaml", name)}
    assert papers["config.yaml"].keys() - papers[name].keys() == set()


@pytest.mark.parametrize("name", ["config.yaml", *OVERLAYS])
def test_the_schema_takes_the_configs_of_the_project(name):
    jsonschema.validate(yaml.safe_load((ROOT / "config" / name).read_text()), SCHEMA)


@pytest.mark.parametrize(
    "wrong",
    [
        {"sources": "mirror"},
        {"source": "miror"},
        {"tokenizers": {"cost": {"temprature": 0.1}}},
        {"recommenders": {"tiger": {"training": {"epochs": "many"}}}},
    ],
)
def test_the_schema_refuses_mistakes(wrong):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, SCHEMA)
