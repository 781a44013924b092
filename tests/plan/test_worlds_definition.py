"""The worlds whose answer is known: planted as their definition says, and nowhere but in the demo."""

import pytest
import yaml

from semtok.config.load import read_config
from semtok.plan.cells import runs
from semtok.plan.definition import CLAIMS, load
from semtok.plan.exhibits import Exhibits
from semtok.plan.paths import Paths
from support.fabricated_results import REPOSITORY

FOLDER = REPOSITORY / "config/papers"


@pytest.fixture(scope="module")
def worlds():
    config, mistakes = read_config(yaml.safe_load((REPOSITORY / "config/config.yaml").read_text()))
    assert not mistakes
    return Exhibits(config, {"worlds": load(FOLDER / "worlds.yaml")}, FOLDER, Paths(config.results))


def test_every_claim_has_an_answer_and_both_answers_are_asked_for(worlds):
    truths = [claim.truth for claim in worlds.definition("worlds").claims]
    assert sorted(truths) == ["not reproduced", "not reproduced", "reproduced", "reproduced"]


def test_each_world_is_driven_by_what_its_name_says(worlds):
    entries = worlds.config.datasets
    drives = {name: entries[entry].synthetic.drives for name, entry in worlds.datasets("worlds", CLAIMS).items()}
    assert drives == {"Texts tell": "content", "Places tell": "places"}
    # Whatever the config's source is: no files stand for these.
    assert {entries[entry].source for entry in worlds.datasets("worlds", CLAIMS).values()} == {"synthetic"}


def test_rows_have_three_seeds_and_one_shape_of_codes(worlds):
    found = runs(worlds.cells("worlds", CLAIMS))
    assert {run.seed for run in found} == {0, 1, 2}
    assert len(found) == 2 * 3 * 3
    assert all("+codebook_size=8" in run.tokenizer for run in found)


@pytest.mark.parametrize("over", ["cpu.yaml", "paper.yaml", "calibration.yaml"])
def test_runs_on_real_data_have_no_worlds(over):
    assert yaml.safe_load((REPOSITORY / "config" / over).read_text())["papers"]["worlds"]["tables"] == []
