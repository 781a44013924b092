"""The rows that nobody trains, from definition and config to cells."""

import copy
import re
from typing import get_args

import pytest
import yaml

from semtok.config.load import read_config
from semtok.config.untrained import UntrainedName
from semtok.errors import ConfigError
from semtok.plan import cells as plan
from semtok.plan.cells import Run
from semtok.plan.definition import CLAIMS, load
from semtok.plan.exhibits import Exhibits
from semtok.plan.paths import Paths
from semtok.plan.spelling import misspelt
from semtok.plan.untrained import UNTRAINED, kind_of
from support.fabricated_results import DEFINITION, REPOSITORY, TOKENIZERS, paper_config

CLAIM = {
    **{"id": "C-16", "statement": "Codes beat popularity.", "exhibit": "table2", "dataset": "MIND"},
    **{"printed": "no", "test": "order", "pairs": [{"higher": "cost", "lower": "ids/popularity"}]},
    **{"metrics": ["recall"], "ks": [5]},
}


@pytest.fixture(scope="module")
def raw():
    return yaml.load((REPOSITORY / "config/config.yaml").read_text(), yaml.CSafeLoader)


def exhibits(raw, definition=DEFINITION):
    config, mistakes = read_config({**raw, "papers": {"cost": raw["papers"]["cost"]}})
    assert not mistakes
    return Exhibits(config, {"cost": load(definition)}, REPOSITORY / "config/papers", Paths())


def without_texts(dataset):
    dataset.update(text_fields=[], filters=dataset["filters"] | {"without_text": "keep"})


def edited(tmp_path, change):
    content = yaml.load(DEFINITION.read_text(), yaml.CSafeLoader)
    change(content)
    path = tmp_path / "cost.yaml"
    path.write_text(yaml.dump(content, Dumper=yaml.CSafeDumper, sort_keys=False))
    return path


def test_every_name_has_its_row():
    assert [row.name for row in UNTRAINED.values()] == list(get_args(UntrainedName))
    assert kind_of("ids/frequency") == "untrained"
    assert kind_of("ids/oracle") == "control"
    assert kind_of("ids/sasrec") == kind_of("cost") == "trained"


def test_one_run_whatever_the_seeds_and_recommenders():
    cells = plan.cells(load(DEFINITION), paper_config(), "table2", [3, 4], TOKENIZERS)
    below = [cell for cell in cells if cell.tokenizer in UNTRAINED]
    assert [cell.tokenizer for cell in below] == list(UNTRAINED)
    assert [cell.runs for cell in below] == [(Run("mind", "ids", name, 0),) for name in get_args(UntrainedName)]
    assert all(run.is_untrained for cell in below for run in cell.runs)


def test_notes_have_the_window_and_tables_one_file_a_dataset(raw):
    made = exhibits({**raw, "untrained": {"window": 3, "encoder": "tfidf"}})
    words = {cell.tokenizer: cell.recommender for cell in made.cells("cost", "table3")}
    assert "last 3 items within 3 places" in words["ids/co-occurrence"]
    read = made.inputs("cost", "table3")
    files = [f"results/recommenders/{name}/untrained.parquet" for name in ("office-small", "office-large")]
    assert read["targets"] == files
    assert [path for path in read["metrics"] if path.endswith("untrained.parquet")] == files
    assert not [path for path in [*read["ranks"], *read["facts"]] if "untrained" in path]


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        (lambda raw: raw["untrained"].update(encoder=None), "untrained.encoder is null"),
        (lambda raw: without_texts(raw["datasets"]["mind"]), "MIND has no texts"),
    ],
)
def test_without_texts_content_is_left_out_and_says_why(raw, change, missing):
    other = copy.deepcopy(raw)
    change(other)
    cells = {cell.tokenizer: cell for cell in exhibits(other).cells("cost", "table2")}
    assert (cells["ids/content"].runs, cells["ids/content"].missing) == ((), missing)
    assert cells["ids/popularity"].runs


def test_claims_have_them_only_if_they_name_them(tmp_path, raw):
    made = exhibits(raw)
    assert not [cell for cell in made.cells("cost", CLAIMS) if cell.tokenizer in UNTRAINED]
    assert not [path for path in made.inputs("cost", CLAIMS)["metrics"] if "untrained" in path]
    made = exhibits(raw, edited(tmp_path, lambda content: content["claims"].append(CLAIM)))
    named = [cell for cell in made.cells("cost", CLAIMS) if cell.tokenizer in UNTRAINED]
    assert {cell.tokenizer for cell in named} == {"ids/popularity"}
    assert "results/recommenders/mind/untrained.parquet" in made.inputs("cost", CLAIMS)["metrics"]
    paper = made.definition("cost")
    recommenders = raw["recommenders"]
    assert not list(misspelt(paper, "cost", made.cells("cost", CLAIMS), raw["tokenizers"], recommenders))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c["tables"]["table2"].update(untrained=["popular"]), "found 'popular'"),
        (lambda c: c["tables"]["table2"]["rows"][0].update(tokenizer="ids/oracle"), "ids/oracle under `untrained`"),
    ],
)
def test_mistakes_in_a_definition(tmp_path, change, message):
    with pytest.raises(ConfigError, match=message):
        load(edited(tmp_path, change))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda raw: raw["untrained"].update(encoder="als"),
            "untrained.encoder: found 'als'; expected an entry of text",
        ),
        (lambda raw: raw["untrained"].update(window=0), "untrained.window: found 0; expected greater than 0"),
        (
            lambda raw: raw["recommenders"].update(oracle=raw["recommenders"]["sasrec"]),
            "recommenders.oracle.*expected another name",
        ),
    ],
)
def test_mistakes_in_a_config(raw, change, message):
    other = copy.deepcopy(raw)
    change(other)
    _, mistakes = read_config(other)
    assert len(mistakes) == 1
    assert re.search(message, mistakes[0]), mistakes
