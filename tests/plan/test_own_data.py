"""Own data never stand under a paper's name or beside its numbers."""

import copy
from pathlib import Path

import pytest
import yaml

from semtok.config.load import read_config
from semtok.papers.origin import Origin, PrintedSize, describe
from semtok.plan.definition import CLAIMS, DatasetNote, load
from semtok.plan.exhibits import Exhibits
from semtok.plan.own_data import with_own_data
from semtok.plan.paths import Paths
from support.fabricated_results import REPOSITORY, write_stats
from support.jobs import results_of

FOLDER = REPOSITORY / "config/papers"


@pytest.fixture(scope="module")
def raw():
    return yaml.safe_load((REPOSITORY / "config/config.yaml").read_text())


def exhibits(raw, datasets, paper="cost", name="mine", path="shop/clicks.csv.gz"):
    """The exhibits of a config in which `datasets` of a paper are replaced, and `name` is an entry of own files."""
    content = copy.deepcopy(raw)
    content["datasets"][name] = {**content["datasets"]["mind"], "files": [{"path": path}]}
    content["papers"][paper]["datasets"].update(datasets)
    config, mistakes = read_config(content)
    assert not mistakes
    return Exhibits(config, {paper: load(FOLDER / f"{paper}.yaml")}, FOLDER, Paths())


def test_official_files_are_the_paper_s_wherever_they_lie(raw):
    made = exhibits(raw, {"MIND": "mine"}, path="elsewhere/MINDsmall_dev.zip")
    assert made.datasets("cost", "table2") == {"MIND": "mine"}
    assert made.params("cost", "table2")["printed"]


def test_a_file_of_an_official_name_in_another_format_is_own_data(raw):
    content = copy.deepcopy(raw)
    content["datasets"]["mind"] |= {"reader": "sequences", "files": [{"path": "toy/MINDsmall_train.json"}]}
    shown = exhibits(content, {"MIND": "mind"}).params("cost", "table2")
    assert shown["printed"] == []
    assert shown["content"]["tables"]["table2"]["caption"].endswith("Own data: mind in the place of MIND.")


def test_the_demo_has_no_own_data(raw):
    config, _ = read_config(raw)
    datasets = config.model_dump(mode="json")["datasets"]
    for name, paper in config.papers.items():
        definition = load(FOLDER / f"{name}.yaml")
        assert with_own_data(definition, paper, datasets) == (definition, paper)


def test_own_data_have_their_own_name_and_nothing_printed(raw):
    made = exhibits(raw, {"MIND": "mine"})
    shown = made.params("cost", "table2")
    assert shown["printed"] == []
    assert shown["datasets"] == {"mine": "mine"}
    assert {cell["dataset"] for cell in shown["cells"]} == {"mine"}
    assert all(cell["runs"] for cell in shown["cells"])
    assert shown["content"]["tables"]["table2"]["caption"].endswith("Own data: mine in the place of MIND.")
    assert shown["content"]["datasets"]["mine"]["replaces"] == "MIND"
    figure = made.params("cost", "figure3")
    assert {panel["dataset"] for panel in figure["content"]["figures"]["figure3"]["panels"].values()} == {"mine"}
    assert figure["printed"] == []


def test_other_datasets_keep_their_numbers(raw):
    made = exhibits(raw, {"Office(S)": "mine"})
    printed = made.params("cost", "table3")["printed"]
    assert {number[1] for number in printed} == {"Office(L)"}
    assert {number[1] for number in made.params("cost", "table1")["printed"]} == {"MIND", "Office(L)"}
    assert made.params("cost", "table2") == exhibits(raw, {}).params("cost", "table2")


def test_claims_about_own_data_say_so(raw):
    claims = exhibits(raw, {"MIND": "mine"}).params("cost", CLAIMS)["content"]["claims"]
    for claim in claims:
        about_own = claim["dataset"] == "mine"
        assert about_own == claim["statement"].endswith("Own data: mine in the place of MIND.")
    assert {claim["dataset"] for claim in claims} == {"mine", "Office(S)", "Office(L)"}


def test_a_stand_in_of_own_data_has_no_numbers_either(raw):
    made = exhibits(raw, {"NYC": "mine"}, "simcit")
    shown = made.params("simcit", "figure5")
    (dataset,) = shown["datasets"]
    assert shown["printed"] == []
    assert "mine" in dataset
    assert "AMap" in shown["content"]["figures"]["figure5"]["caption"]
    assert {run["dataset"] for cell in shown["cells"] for run in cell["runs"]} == {"mine"}


def test_names_do_not_collide(raw):
    made = exhibits(raw, {"MIND": "MIND", "Office(S)": "MIND"}, name="MIND")
    names = list(made.datasets("cost", "table1"))
    assert len(set(names)) == 3
    assert "MIND" not in names
    assert {number[1] for number in made.params("cost", "table1")["printed"]} == {"Office(L)"}


def test_what_a_dataset_lacks_holds_for_own_data(raw):
    content = copy.deepcopy(raw)
    content["papers"]["simcit"]["lacking"] = {"NYC": ["image"]}
    cells = exhibits(content, {"NYC": "mine"}, "simcit").cells("simcit", "figure5")
    assert {cell.tokenizer for cell in cells if not cell.runs} >= {"simcit-image"}


@pytest.mark.parametrize(("source", "said"), [("mirror", "own"), ("synthetic", "synthetic")])
def test_the_source_of_own_data(tmp_path, monkeypatch, raw, source, said):
    monkeypatch.chdir(tmp_path)
    made = exhibits(raw, {"MIND": "mine"})
    (stats,) = made.inputs("cost", "table2")["stats"]
    Path(stats).parent.mkdir(parents=True)
    write_stats(Path(stats), source)
    results = results_of(made.params("cost", "table2"), "cost", "table2")
    assert results.origins["mine"].source == said
    assert results.printed.get("table2", "mine", "L_co (CoST)", "recall", 5) is None


def test_own_data_are_called_so():
    assert describe("mine", Origin("own", 120), PrintedSize()) == "mine: own data, 120 users."


def test_a_place_for_own_data_stands_for_nothing(raw):
    content = copy.deepcopy(raw)
    content["datasets"]["shop"] = {**content["datasets"]["mind"], "files": [{"path": "clicks.csv.gz"}]}
    place = {"datasets": {"own": "shop"}, "tables": ["table2"], "figures": []}
    content["papers"] = {"own": {**content["papers"]["cost"], **place}}
    config, mistakes = read_config(content)
    assert not mistakes
    definition = load(FOLDER / "own.yaml")
    about = DatasetNote(is_own=True, note="Two months of one shop.")
    definition = definition.model_copy(update={"datasets": {"own": about}})
    made = Exhibits(config, {"own": definition}, FOLDER, Paths())
    shown = made.params("own", "table2")
    assert shown["datasets"] == {"shop": "shop"}
    assert shown["printed"] == []
    assert "in the place of" not in str(shown)
    assert shown["content"]["datasets"]["shop"] == {"replaces": "own", "note": "Two months of one shop."}
    # Nobody claims anything of them; their numbers have a page.
    outputs = {"ranking": ["{exhibit}.csv"], "claims": ["claims.csv"], "stacked": [], "scoreboard": ["index.html"]}
    assert made.results(outputs) == ["table2.csv", "index.html"]
    assert made.verdicts("claims.csv") == []
