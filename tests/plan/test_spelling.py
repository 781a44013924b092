import copy

import pytest
import yaml

from semtok.errors import ConfigError
from semtok.plan.check import check
from support.fabricated_results import REPOSITORY

FOLDER = REPOSITORY / "config/papers"


@pytest.fixture(scope="module")
def raw():
    return yaml.safe_load((REPOSITORY / "config/config.yaml").read_text())


def mistakes(folder, raw, change=lambda content: None, printed=lambda text: text):
    """What the check says of a changed definition of CoST."""
    content = yaml.safe_load((FOLDER / "cost.yaml").read_text())
    change(content)
    (folder / "cost.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    (folder / "cost-printed.csv").write_text(printed((FOLDER / "cost-printed.csv").read_text()))
    one = copy.deepcopy(raw)
    one["papers"] = {"cost": one["papers"]["cost"]}
    try:
        check(one, folder)
    except ConfigError as error:
        return str(error)
    return ""


def row(name, **changed):
    def change(content):
        content["tables"]["table2"]["rows"].append({"label": "Ours", "tokenizer": name, **changed})

    return change


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("cost+temprature=0.3", "'temprature' is no option of a tokenizer; did you mean 'temperature'"),
        ("cots", "expected an entry of tokenizers, or one that is planned; did you mean 'cost'"),
        ("cost/tigr", "expected an entry of recommenders, or one that is planned; did you mean 'tiger'"),
    ],
)
def test_a_row_that_nothing_answers_to(tmp_path, raw, name, says):
    found = mistakes(tmp_path, raw, row(name))
    assert f"cost.yaml: table2: found {name!r}; {says}" in found


def test_what_is_planned_is_no_mistake(tmp_path, raw):
    def change(content):
        row("ids/newest")(content)
        row("newer/p5")(content)
        content["planned"] = ["newest", "newer", "p5"]

    assert mistakes(tmp_path, raw, change) == ""


def test_an_entry_of_another_method_is_no_mistake(tmp_path, raw):
    other = copy.deepcopy(raw)
    other["tokenizers"]["cost"] = {"method": "external", "path": "codes.json", "keys": "raw"}
    assert mistakes(tmp_path, other) == ""


def test_a_claim_about_no_row(tmp_path, raw):
    found = mistakes(tmp_path, raw, lambda c: c["claims"][0].update(better="cost+reconstruct"))
    assert "claim C-1: found 'cost+reconstruct'" in found
    assert "did you mean 'cost+reconstruction'" in found


def test_a_label_without_its_numbers(tmp_path, raw):
    def change(content):
        content["tables"]["table2"]["rows"][2]["label"] = "L_co (CoSt)"
        content["figures"]["figure4"]["panels"]["b"]["bars"][0]["series"] = "M is 3"

    found = mistakes(tmp_path, raw, change)
    assert "table2: found numbers of 'L_co (CoST)'" in found
    assert "did you mean 'L_co (CoSt)'" in found
    assert "figure4b: found numbers of 'M = 3'" in found
    assert "figure4c" not in found


def test_a_row_more_or_fewer_is_no_mistake(tmp_path, raw):
    assert mistakes(tmp_path, raw, row("cost+temperature=0.3")) == ""

    def change(content):
        content["claims"] = []
        content["tables"]["table2"]["rows"].pop(0)

    assert mistakes(tmp_path, raw, change) == ""


def test_latex_and_gains_may_be_left_out(tmp_path, raw):
    def change(content):
        table = content["tables"]["table3"]
        del table["gains"]
        del table["rows"][0]["latex"]

    assert "missing" not in mistakes(tmp_path, raw, change)


def test_bad_printed_numbers_are_told_before_any_job(tmp_path, raw):
    assert "line 2: " in mistakes(tmp_path, raw, printed=lambda text: text.replace("29207", "many", 1))
