import pytest
import yaml

from semtok.config.variants import resolve
from semtok.errors import ConfigError
from semtok.plan import cells as plan
from semtok.plan.cells import Run
from semtok.plan.definition import load
from semtok.plan.figure_specs import Figure
from semtok.plan.printed import read_printed
from semtok.plan.spelling import unknown_names
from semtok.plan.table_specs import RankingTable, StatisticsTable
from support.fabricated_simcit import DEFINITION, PRINTED, RECOMMENDERS, TOKENIZERS, cells_of, paper_config


@pytest.fixture(scope="module")
def paper():
    return load(DEFINITION)


def by_name(cells, dataset="NYC for AMap"):
    return {cell.tokenizer: cell for cell in cells if cell.dataset == dataset}


def test_simcit(paper):
    of_ours = ["table2-shapes", "table2-collisions", "table2-generators"]
    assert list(paper.tables) == ["table1", "table2", *of_ours, "table3", "table4", "table4-variants"]
    assert {name: figure.kind for name, figure in paper.figures.items()} == {
        "figure4": "training",
        "figure5": "bars",
        "figure6": "embedding",
        "figure7": "bars",
    }
    assert [claim.id for claim in paper.claims] == [f"M-{number}" for number in range(1, 15)]


def test_claims_only_name_what_is_planned(paper):
    """Claims about codes bring their own cells; every other name is a row or bar of its exhibit."""
    config = paper_config(datasets={"INS": "a", "BEA": "b", "NYC": "c", "TKY": "d", "AMap": "e"}, lacking={})
    cells = plan.claim_cells(paper, config, [0], TOKENIZERS, (*RECOMMENDERS, "stan", "stgn"))
    known = {(cell.exhibit, cell.dataset, cell.tokenizer) for cell in cells}
    for claim in paper.single_claims:
        named = {(claim.exhibit, dataset, name) for dataset in claim.datasets for name in claim.tokenizers}
        assert named <= known, claim.id


def test_every_printed_number_has_its_cell(paper):
    """Each number of the file is found from a row of a table, and none is printed for the 2023 files."""
    printed = read_printed(PRINTED)
    found = sum(
        printed.get("table1", dataset, "", statistic) is not None
        for dataset in paper.exhibit("table1", StatisticsTable).datasets
        for statistic in paper.exhibit("table1", StatisticsTable).statistics
    )
    assert found == 25
    for name, expected in (("table2", 48), ("table3", 9), ("table4", 15)):
        table = paper.exhibit(name, RankingTable)
        numbers = [
            printed.get(name, paper.printed_for(dataset), row.label, "recall", k)
            for dataset in table.datasets
            for row in table.rows_on(dataset)
            for k in table.ks
        ]
        assert sum(number is not None for number in numbers) == expected, name
        found += expected
    assert found == len(printed)
    assert printed.get("table2", "INS (2023)", "SimCIT", "recall", 10) is None
    assert printed.get("table4", "AMap", "SimCIT w/o g.s.", "recall", 10).value == 0.2253


def test_printed_gains_quote_the_table():
    printed = read_printed(PRINTED)
    quoted = {"INS": (4.05, 6.51), "BEA": (8.12, 3.12), "NYC": (3.50, 3.06), "TKY": (2.88, 3.21)}
    for dataset, gains in quoted.items():
        for k, gain in zip((5, 10), gains, strict=True):
            simcit, letter = (printed.get("table2", dataset, name, "recall", k).value for name in ("SimCIT", "LETTER"))
            assert 100 * (simcit / letter - 1) == pytest.approx(gain, abs=0.01)


def test_the_rows_of_equal_shapes_have_the_shapes_that_they_are_named_after(paper):
    methods, shapes = ("RQ-VAE", "CoST", "LETTER", "SimCIT"), ("3x48", "4x256")
    rows = {row.label: row.tokenizer for row in paper.exhibit("table2-shapes", RankingTable).rows_on("BEA")}
    assert list(rows) == [f"{method} ({shape})" for shape in shapes for method in methods]
    entries = yaml.safe_load((DEFINITION.parents[1] / "config.yaml").read_text())["tokenizers"]
    for label, name in rows.items():
        options = resolve(entries, name, "tokenizers")
        assert f"({options['n_levels']}x{options['codebook_size']})" == label.split()[1]


def test_a_row_may_have_another_entry_on_a_dataset():
    cells = cells_of("table2", seeds=(0,), datasets={"INS": "ins", "NYC": "nyc"})
    assert by_name(cells, "INS")["simcit"].runs == (Run("ins", "simcit-text+collaborative", "tiger", 0),)
    assert by_name(cells, "NYC")["simcit"].runs == (Run("nyc", "simcit", "tiger", 0),)
    assert by_name(cells, "NYC")["ids/sasrec"].runs == (Run("nyc", "ids", "sasrec", 0),)
    assert "ids/stan" not in by_name(cells, "INS")
    assert "ids/gru4rec" not in by_name(cells, "NYC")
    assert by_name(cells, "NYC")["ids/stan"].missing == "this config has no recommender stan"


def test_a_stand_in_runs_on_another_dataset(paper):
    cells = cells_of("table4", seeds=(3,))
    assert {run.dataset for run in plan.runs(cells)} == {"nyc"}
    assert {cell.dataset for cell in cells} == {"NYC for AMap"}
    assert plan.datasets(paper, paper_config(), "table4") == {"NYC for AMap": "nyc"}
    assert {cell.missing for cell in cells_of("table3")} == {"AMap is proprietary"}
    without = cells_of("table4", datasets={"NYC": None})
    assert {cell.missing for cell in without} == {"no dataset of this config stands for NYC"}
    assert plan.datasets(paper, paper_config(datasets={"NYC": None}), "table4") == {}


def test_views_that_a_dataset_lacks():
    cells = by_name(cells_of("figure5"))
    assert cells["simcit-image"].missing == "NYC has no image view"
    assert cells["simcit-text+image"].missing == "NYC has no image view"
    assert cells["simcit-text+spatial"].runs
    assert cells["simcit"].runs
    assert not by_name(cells_of("figure5", lacking={}))["simcit-image"].missing


def test_an_entry_that_the_config_lacks_is_named():
    without = {name: entry for name, entry in TOKENIZERS.items() if name != "letter"}
    cells = plan.cells(load(DEFINITION), paper_config(), "table4", [0], without)
    assert by_name(cells)["letter"].missing == "this config has no tokenizer letter"


def test_codes_need_no_recommender(paper):
    for exhibit, evidence in (("figure4", "training"), ("figure6", "codes")):
        (cell,) = cells_of(exhibit)
        assert (cell.tokenizer, cell.evidence) == ("simcit", evidence)
        assert plan.runs([cell])
        assert not plan.runs([cell], "ranks")
    cells = plan.claim_cells(paper, paper_config(), [0, 1], TOKENIZERS, RECOMMENDERS)
    alone = {run.tokenizer for run in plan.runs(cells)} - {run.tokenizer for run in plan.runs(cells, "ranks")}
    assert alone == {"rqvae-3x48", "simcit+codeword_regularizer=1.0"}
    assert "ids" not in {run.tokenizer for run in plan.coded(cells)}
    # Figures have the seeds of sweeps, tables and what is compared with their rows those of the config.
    assert {run.seed for run in plan.runs(cells, "training")} == {0, 1, 2}


def test_wide_cutoffs_do_not_force_the_beam(paper):
    assert paper.cutoffs([*paper.tables, *paper.figures]) == [5, 10]


def test_a_config_beside_the_paper_is_refused(paper):
    assert unknown_names(paper, paper_config(), "simcit") == []
    assert unknown_names(paper, paper_config(datasets={"AMap": "mine"}), "simcit") == []
    (problem,) = unknown_names(paper, paper_config(datasets={"NYC for AMap": "nyc"}), "simcit")
    assert problem.startswith("papers.simcit.datasets: found 'NYC for AMap'; expected one of the paper's")
    (problem,) = unknown_names(paper, paper_config(lacking={"Tokyo": ["image"]}), "simcit")
    assert problem.startswith("papers.simcit.lacking: found 'Tokyo'")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c["datasets"]["NYC for AMap"].pop("runs_on"), "runs_on and stands_for together"),
        (lambda c: c["tables"]["table2"]["blocks"].pop(), "blocks must hold every one of datasets once"),
        (
            lambda c: c["tables"]["table2"]["rows"][0].update(datasets=["LA"]),
            "rows name the dataset 'LA'; expected one",
        ),
        (lambda c: c["tables"]["table4"].update(optional_ks=[50]), "optional_ks must be among ks"),
        (lambda c: c["tables"]["table3"]["rows"][0].update(tokenizer="letter"), "in one row; found twice: letter"),
        (lambda c: c["figures"]["figure4"].update(kind="pie"), r"figures.figure4.kind: found 'pie'; expected a known"),
        (
            lambda c: c["figures"]["figure6"].update(points=0),
            r"figures.figure6.points: found 0; expected greater than 0",
        ),
        (lambda c: c["figures"]["figure5"]["panels"]["a"].update(k=1), r"figures.figure5.panels.a.k: unknown key"),
        (lambda c: c["claims"][0]["parts"][1].update(id="INS"), r"claims.0: .*every part's id once"),
        (lambda c: c["claims"][0]["parts"][0].update(exhibit="table9"), r"claim INS: found exhibit 'table9'"),
    ],
)
def test_errors_name_file_and_path(tmp_path, change, message):
    content = yaml.safe_load(DEFINITION.read_text())
    change(content)
    path = tmp_path / "paper.yaml"
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(ConfigError, match=message) as caught:
        load(path)
    assert str(caught.value).startswith(str(path))


def test_kinds_of_figures(paper):
    assert isinstance(paper.exhibit("figure5", Figure), Figure)
    with pytest.raises(ConfigError, match=r"'figure4' of .* is a TrainingFigure; expected a Figure"):
        paper.exhibit("figure4", Figure)
