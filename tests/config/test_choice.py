import json

import pytest
import yaml

from semtok.config.choice import combinations, grid_in_words, grid_of, trials, with_choice
from semtok.config.load import read_config
from semtok.config.recommenders import without
from semtok.config.variants import resolve
from support.project import ROOT

GRID = {"training.learning_rate": [0.001, 0.01], "model.dropout": [0.2, 0.5]}


@pytest.fixture
def sasrec():
    return yaml.safe_load((ROOT / "config/config.yaml").read_text())["recommenders"]["sasrec"]


def config_with(entry):
    raw = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    raw["recommenders"]["sasrec"] = entry
    return read_config(raw)


def test_trials_are_variants_that_choose_nothing(sasrec):
    grid = grid_of("sasrec", sasrec | {"choose": GRID})
    assert list(grid) == ["model.dropout", "training.learning_rate"]
    names = trials("sasrec+max_items=9", grid)
    assert names == [
        f"sasrec+max_items=9+choose=null+model.dropout={dropout}+training.learning_rate={rate}"
        for dropout in (0.2, 0.5)
        for rate in (0.001, 0.01)
    ]
    entries = {"sasrec": sasrec | {"choose": GRID}}
    for name, values in zip(names, combinations(grid), strict=True):
        options = resolve(entries, name, "recommenders")
        assert options["model"]["dropout"] == values["model.dropout"]
        assert options["training"]["learning_rate"] == values["training.learning_rate"]
        assert grid_of(name, options) == {}


def test_small_rates_are_written_as_yaml_reads_them(sasrec):
    (name,) = trials("sasrec", {"training.learning_rate": [1e-05]})
    assert resolve({"sasrec": sasrec | {"choose": None}}, name, "")["training"]["learning_rate"] == 1e-05


def test_what_a_name_sets_is_not_chosen(sasrec):
    options = sasrec | {"choose": GRID}
    assert list(grid_of("sasrec+model.dropout=0.1", options)) == ["training.learning_rate"]
    assert grid_of("sasrec", sasrec) == grid_of("sasrec", sasrec | {"choose": None}) == {}


def test_options_of_one_value_are_one_key(sasrec):
    both = {"model.dropout & model.attention_dropout": [0.2, 0.5], "training.learning_rate": [0.01]}
    config, mistakes = config_with(sasrec | {"choose": both})
    assert mistakes == []
    grid = grid_of("sasrec", config.recommenders["sasrec"].model_dump())
    names = trials("sasrec", grid)
    assert names[1] == ("sasrec+choose=null+model.dropout=0.5+model.attention_dropout=0.5+training.learning_rate=0.01")
    found = [resolve({"sasrec": sasrec | {"choose": both}}, name, "recommenders")["model"] for name in names]
    assert [(model["dropout"], model["attention_dropout"]) for model in found] == [(0.2, 0.2), (0.5, 0.5)]
    for option in ("dropout", "attention_dropout"):
        assert list(grid_of(f"sasrec+model.{option}=0.1", sasrec | {"choose": both})) == ["training.learning_rate"]


def test_a_job_s_options_are_those_of_the_choice(sasrec, tmp_path):
    (tmp_path / "choice.json").write_text(json.dumps({"chosen": {"model.dropout": 0.5, "training.epochs": 7}}))
    asked = sasrec | {"choose": str(tmp_path / "choice.json")}
    asked["model"] = asked["model"] | {"dropout": [0.2, 0.5]}
    trained = without("decoding", {key: value for key, value in asked.items() if key != "decoding"})
    assert (trained.model.dropout, trained.training.epochs, trained.choose) == (0.5, 7, None)
    decoded = without("training", {key: value for key, value in asked.items() if key != "training"})
    assert (decoded.model.dropout, decoded.training) == (0.5, None)
    assert with_choice(sasrec) == sasrec


@pytest.mark.parametrize(
    ("choose", "mistake"),
    [
        ({"training.lr": [0.1]}, "recommenders.sasrec.choose: found {'training.lr': 0.1}; expected options of it"),
        (
            {"training.epochs": [3, "many"]},
            "found {'training.epochs': 'many'}; expected values that are valid together",
        ),
        ({"model.n_heads": [2, 3]}, "found {'model.n_heads': 3}; expected values that are valid together (model: "),
        ({"decoding.top": [20, 50]}, "recommenders.sasrec.choose.decoding.top"),
        ({"model.dropout & decoding.top": [0.2]}, "recommenders.sasrec.choose.model.dropout & decoding.top"),
        ({"model.dropout": [0.2], "model.dropout & model.attention_dropout": [0.5]}, "expected each option in one key"),
        ({"model.dropout &": [0.2]}, "recommenders.sasrec.choose.model.dropout &"),
        ({"training.epochs": []}, "recommenders.sasrec.choose.training.epochs: found []"),
    ],
)
def test_every_trial_is_checked(sasrec, choose, mistake):
    config, mistakes = config_with(sasrec | {"choose": choose})
    assert config is None
    assert mistake in "\n".join(mistakes)


def test_a_grid_that_is_right(sasrec):
    config, mistakes = config_with(sasrec | {"choose": GRID})
    assert mistakes == []
    assert config.recommenders["sasrec"].choose == GRID
    assert grid_in_words(GRID) == "training.learning_rate of 0.001, 0.01 and model.dropout of 0.2, 0.5"
