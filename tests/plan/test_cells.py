import json
import re
import subprocess
import sys

import pytest
from pydantic import ValidationError

from semtok.plan import cells as plan
from semtok.plan.cells import Cell, Run
from semtok.plan.definition import load
from semtok.plan.remarks import remarks, with_remarks
from semtok.plan.spelling import unknown_names
from support.fabricated_results import DEFINITION, REPOSITORY, TOKENIZERS, paper_config


@pytest.fixture(scope="module")
def paper():
    return load(DEFINITION)


def trained(cells):
    return [run for run in plan.runs(cells) if not run.is_untrained]


def names(cells):
    return [run.tokenizer for run in plan.runs(cells)]


def test_runs_of_a_table(paper):
    runs = trained(plan.cells(paper, paper_config(), "table2", [0, 1], TOKENIZERS))
    expected = [
        Run("mind", tokenizer, "tiger", seed)
        for tokenizer in ("random", "rqvae", "cost", "cost+reconstruction")
        for seed in (0, 1)
    ]
    assert runs == expected
    third = trained(plan.cells(paper, paper_config(), "table3", [0], TOKENIZERS))
    assert {run.dataset for run in third} == {"office-small", "office-large"}
    assert len(third) == 6


def test_variants_equal_to_the_entry_are_the_entry(paper):
    config = paper_config()
    assert names(plan.cells(paper, config, "figure4", [0, 1, 2], TOKENIZERS)) == [
        *("cost+codebook_size=32", "cost", "cost+codebook_size=128"),
        *("cost+n_levels=4", "cost+latent_dim=32", "cost+latent_dim=256"),
    ]
    assert "cost" in names(plan.cells(paper, config, "figure3", [0], TOKENIZERS))
    other = {**TOKENIZERS, "cost": {**TOKENIZERS["cost"], "temperature": 0.5, "codebook_size": 32}}
    assert names(plan.cells(paper, config, "figure3", [0], other))[3:5] == ["cost+temperature=0.1", "cost"]
    assert names(plan.cells(paper, config, "figure4", [0], other))[:3] == [
        *("cost", "cost+codebook_size=64", "cost+codebook_size=128"),
    ]


def test_figures_use_the_seeds_of_sweeps(paper):
    runs = plan.runs(plan.cells(paper, paper_config(sweep_seeds=[4, 5]), "figure4", [0, 1, 2], TOKENIZERS))
    assert {run.seed for run in runs} == {4, 5}


def test_a_table_or_figure_may_have_seeds_of_its_own(paper):
    config = paper_config(sweep_seeds=[4, 5], seeds_of={"table2": [7], "figure4": [8]})
    for exhibit, seeds in {"table2": {7}, "figure4": {8}, "figure3": {4, 5}}.items():
        assert {run.seed for run in trained(plan.cells(paper, config, exhibit, [0], TOKENIZERS))} == seeds


@pytest.mark.parametrize(
    ("changed", "tokenizers", "exhibit", "message"),
    [
        ({"tables": ["table1"]}, TOKENIZERS, "table2", "table2 is not among the tables and figures of this config"),
        ({"datasets": {"Office(S)": "x"}}, TOKENIZERS, "table2", "no dataset of this config stands for MIND"),
        ({}, {"rqvae": {}, "cost": {}}, "table2", "this config has no tokenizer random"),
    ],
)
def test_cells_that_cannot_be_built_say_why(paper, changed, tokenizers, exhibit, message):
    cells = plan.cells(paper, paper_config(**changed), exhibit, [0], tokenizers)
    assert len(cells) == 4 + 7
    assert cells[0].missing == message
    assert not cells[0].runs


@pytest.mark.parametrize(
    ("method", "recommenders", "run", "missing"),
    [
        ("ids/sasrec", ["tiger", "sasrec"], Run("mind", "ids", "sasrec", 0), ""),
        ("cost+steps=4800/lcrec", ["lcrec"], Run("mind", "cost", "lcrec", 0), ""),
        ("cost/tiger+d_model=64", ["tiger"], Run("mind", "cost", "tiger+d_model=64", 0), ""),
        ("cost/tiger+dropout=0.30", ["tiger"], Run("mind", "cost", "tiger+dropout=0.3", 0), ""),
        ("cost/+collisions=expand", ["tiger"], Run("mind", "cost", "tiger+collisions=expand", 0), ""),
        ("ids/sasrec", ["tiger"], None, "this config has no recommender sasrec"),
    ],
)
def test_a_row_may_have_a_recommender_of_its_own(tmp_path, method, recommenders, run, missing):
    path = tmp_path / "paper.yaml"
    path.write_text(DEFINITION.read_text().replace("tokenizer: random}", f"tokenizer: {method}}}"))
    cell = plan.cells(load(path), paper_config(), "table2", [0], TOKENIZERS, recommenders)[0]
    assert cell.tokenizer == method
    assert cell.missing == missing
    assert list(cell.runs) == ([run] if run else [])


def test_a_dataset_may_have_another_recommender(paper):
    others = {"Office(S)": {"tiger": "tiger+max_items=50"}, "MIND": {"sasrec": "sasrec-reviews"}}
    config = paper_config(recommenders_by_dataset=others)
    runs = trained(plan.cells(paper, config, "table3", [0], TOKENIZERS))
    assert {(run.dataset, run.recommender) for run in runs} == {
        ("office-small", "tiger+max_items=50"),
        ("office-large", "tiger"),
    }


def test_what_takes_the_place_of_a_row_s_own_recommender(tmp_path):
    path = tmp_path / "paper.yaml"
    path.write_text(DEFINITION.read_text().replace("tokenizer: random}", "tokenizer: ids/sasrec}"))
    config = paper_config(recommenders_by_dataset={"MIND": {"sasrec": "sasrec-reviews"}})
    for known, expected in (("sasrec-reviews", [Run("mind", "ids", "sasrec-reviews", 0)]), ("sasrec", [])):
        cell = plan.cells(load(path), config, "table2", [0], TOKENIZERS, ["tiger", known])[0]
        assert list(cell.runs) == expected
    assert cell.missing == "this config has no recommender sasrec-reviews"


def test_an_entry_of_another_method_leaves_its_sweeps_out(paper):
    own = {**TOKENIZERS, "cost": {"method": "external", "path": "codes.json", "keys": "raw"}}
    cells = plan.cells(paper, paper_config(), "figure4", [0], own)
    assert {cell.missing for cell in cells} == {
        f"the tokenizer cost of this config has no option {key}" for key in ("codebook_size", "n_levels", "latent_dim")
    }
    assert plan.cells(paper, paper_config(), "table2", [0], own)[2].runs


def test_claims_ask_for_their_places_only(paper):
    config = paper_config(figures=["figure4"])
    cells = plan.claim_cells(paper, config, [0], TOKENIZERS)
    assert {cell.exhibit for cell in cells} == {"table2", "table3", "figure3", "figure4"}
    assert all(cell.missing for cell in cells if cell.exhibit == "figure3")
    assert all(cell.runs for cell in cells if cell.exhibit != "figure3")


def test_datasets_of_a_exhibit(paper):
    config = paper_config(datasets={"MIND": "mind", "Office(L)": "large"})
    assert plan.datasets(paper, config, "table1") == {"MIND": "mind", "Office(L)": "large"}
    assert plan.datasets(paper, config, "table3") == {"Office(L)": "large"}
    assert plan.datasets(paper, config, "figure3") == {"MIND": "mind"}


def test_cells_survive_json(paper):
    for cell in plan.claim_cells(paper, paper_config(tables=[]), [0, 1], TOKENIZERS):
        assert Cell.from_dict(json.loads(json.dumps(cell.as_dict()))) == cell


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"tables": ["table22"]}, r"papers.cost.tables: found 'table22'; .* did you mean 'table2'"),
        ({"figures": ["figure5"]}, r"papers.cost.figures: found 'figure5'"),
        ({"seeds_of": {"figur4": [0]}}, r"papers.cost.seeds_of: found 'figur4'; .* did you mean 'figure4'"),
        (
            {"recommenders_by_dataset": {"MIND": {"sasrec": "tiger"}}},
            r"by_dataset.MIND: found 'sasrec'; expected a recommender of its rows; known: tiger",
        ),
        ({"recommenders_by_dataset": {"MINT": {}}}, r"recommenders_by_dataset: found 'MINT'; .* did you mean 'MIND'"),
        ({"datasets": {"Office(M)": "x"}}, r"papers.cost.datasets: found 'Office\(M\)'; .* did you mean"),
    ],
)
def test_a_config_beside_the_paper_is_refused(paper, changed, message):
    (problem,) = unknown_names(paper, paper_config(**changed), "cost")
    assert re.search(message, problem)
    assert unknown_names(paper, paper_config(), "cost") == []


def test_entries_stand_once():
    with pytest.raises(ValidationError, match="listed twice: table2"):
        paper_config(tables=["table2", "table1", "table2"])
    with pytest.raises(ValidationError, match="at least 1"):
        paper_config(sweep_seeds=[])


def test_planning_is_light():
    """The Snakefile imports it on every call."""
    code = "import sys, semtok.plan.check, semtok.plan.exhibits; print(*sys.modules)"
    environment = {"PYTHONPATH": str(REPOSITORY / "src")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    loaded = set(done.stdout.split())
    assert "semtok.plan.definition" in loaded
    assert not loaded & {"numpy", "pandas", "pyarrow", "scipy", "matplotlib", "torch", "sklearn"}


def test_an_untrained_encoder_is_told_wherever_its_numbers_show():
    encoders = {"text": {"method": "tfidf"}, "noise": {"method": "timm", "pretrained": False}}
    encoders["seen"] = {"method": "timm", "pretrained": True}
    tokenizers = {
        "fused": {"views": {"text": "text", "image": "noise"}},
        "trained": {"views": {"text": "text", "image": "seen"}},
        "plain": {"encoder": "text"},
    }
    cells = [
        Cell("table2", "NYC", name, (Run("nyc", name, "tiger", 0),), "")
        for name in ("fused", "trained", "plain", "ids")
    ]
    cells.append(Cell("table2", "NYC", "fused", (), "not built"))
    found = with_remarks(cells, tokenizers, encoders)
    assert [bool(cell.remark) for cell in found] == [True, False, False, False, False]
    assert remarks([*found, *found]) == ["fused reads the vectors of an untrained network (noise)."]
    assert [cell.runs for cell in found] == [cell.runs for cell in cells]
