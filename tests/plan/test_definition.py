import copy

import pytest
import yaml

from semtok.errors import ConfigError, DataError
from semtok.plan.definition import load
from semtok.plan.figure_specs import Figure
from semtok.plan.printed import read_printed
from semtok.plan.table_specs import RankingTable, StatisticsTable
from support.fabricated_results import DEFINITION, PRINTED


@pytest.fixture
def content():
    return yaml.safe_load(DEFINITION.read_text())


def written(tmp_path, content):
    path = tmp_path / "paper.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def test_cost():
    paper = load(DEFINITION)
    assert list(paper.tables) == ["table1", "table2", "table2-collisions", "table2-all-news", "table3"]
    assert list(paper.figures) == ["figure3", "figure4"]
    assert [claim.id for claim in paper.claims] == [f"C-{number}" for number in range(1, 16)]
    assert isinstance(paper.tables["table1"], StatisticsTable)
    assert isinstance(paper.tables["table2"], RankingTable)


def test_claims_only_name_what_their_place_holds():
    paper = load(DEFINITION)
    for claim in paper.claims:
        exhibit = {**paper.tables, **paper.figures}[claim.exhibit]
        if isinstance(exhibit, Figure):
            known = {(panel.dataset, bar.tokenizer) for panel in exhibit.panels.values() for bar in panel.bars}
        else:
            assert isinstance(exhibit, RankingTable)
            known = {(dataset, row.tokenizer) for dataset in exhibit.datasets for row in exhibit.rows}
        assert {(claim.dataset, tokenizer) for tokenizer in claim.tokenizers} <= known, claim.id
        assert claim.tokenizers


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda c: c["tables"]["table2"].update(colour="red"),
            r"tables.table2.colour: unknown key; known: blocks, caption, ",
        ),
        (lambda c: c["tables"]["table2"].update(ks=["5"]), r"tables.table2.ks.0: found '5'; expected a valid integer"),
        (lambda c: c["tables"]["table2"].pop("rows"), r"tables.table2.rows: missing; expected a value"),
        (lambda c: c["tables"]["table2"]["gains"][0].update(over=["rqvea"]), r"names 'rqvea'; expected one of random"),
        (lambda c: c["claims"][0].update(test="guess"), r"claims.0.test: found 'guess'; expected a known test"),
        (
            lambda c: c["claims"][0].update(exhibit="table9"),
            r"claim C-1: found exhibit 'table9'; expected one of table1",
        ),
        (lambda c: c["claims"][1].update(id="C-1"), r"claim C-1: expected every id once"),
        (lambda c: c["claims"][6].update(at_least=9), r"claims.6: .*must not exceed the 4 comparisons"),
        (
            lambda c: c["figures"]["figure3"]["panels"]["a"]["bars"][0].pop("group"),
            r"a group for every bar or for none",
        ),
    ],
)
def test_errors_name_file_and_path(tmp_path, content, change, message):
    broken = copy.deepcopy(content)
    change(broken)
    path = written(tmp_path, broken)
    with pytest.raises(ConfigError, match=message) as caught:
        load(path)
    assert str(caught.value).startswith(str(path))


def test_unreadable_files(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "none.yaml")
    (tmp_path / "bad.yaml").write_text("a: [")
    with pytest.raises(ConfigError, match="not YAML"):
        load(tmp_path / "bad.yaml")


def test_kinds_of_parts():
    paper = load(DEFINITION)
    with pytest.raises(ConfigError, match=r"'table1' of .* is a StatisticsTable; expected a RankingTable"):
        paper.exhibit("table1", RankingTable)
    with pytest.raises(ConfigError, match=r"'table2' of .* is a RankingTable; expected a StatisticsTable"):
        paper.exhibit("table2", StatisticsTable)
    with pytest.raises(ConfigError, match=r"'figure9' is not a figure .* known: figure3, figure4"):
        paper.figure("figure9")


def test_every_cell_and_bar_of_cost_has_its_printed_number():
    paper, printed = load(DEFINITION), read_printed(PRINTED)
    expected = 18  # Table 1
    for name in ("table2", "table3"):
        table = paper.exhibit(name, RankingTable)
        for dataset in table.datasets:
            for label in [row.label for row in table.rows] + [gain.label for gain in table.gains]:
                for metric in table.metrics:
                    for k in table.ks:
                        number = printed.get(name, dataset, label, metric, k)
                        assert number is not None, (name, dataset, label, metric, k)
                        assert number.unit == ("percent" if label == "Impr." else "fraction")
                        assert number.provenance == ("text" if name == "table2" else "recovered_secondary")
                        expected += 1
    digitised = 0
    for name, figure in paper.figures.items():
        for letter, panel in figure.panels.items():
            for bar in panel.bars:
                found = [
                    printed.get(name + letter, panel.dataset, bar.label, m, k) for m in panel.metrics for k in panel.ks
                ]
                assert any(found), (name, letter, bar.label)
                assert {number.provenance for number in found if number} == {"digitised"}
                digitised += sum(number is not None for number in found)
    assert len(printed) == expected + digitised == 134


def test_printed_numbers_of_cost_agree_with_each_other():
    """Printed improvements come from unrounded numbers (inconsistency C-I10): within 0.3 points of the cells'."""
    printed = read_printed(PRINTED)
    for metric in ("ndcg", "recall"):
        for k in (5, 10, 20, 40):
            worse, better, gain = (
                printed.get("table2", "MIND", label, metric, k).value
                for label in ("L_re (RQ-VAE)", "L_co (CoST)", "Impr.")
            )
            assert 100 * (better / worse - 1) == pytest.approx(gain, abs=0.3)


def test_claims_quote_the_printed_numbers():
    paper, printed = load(DEFINITION), read_printed(PRINTED)
    quoted = 0
    for claim in paper.claims:
        if claim.test == "gain":
            for gain in claim.gains:
                values = [printed.get("table2", "MIND", "Impr.", gain.metric, k).value for k in gain.ks]
                assert sum(values) / len(values) == pytest.approx(gain.percent, abs=0.005)
                quoted += 1
    assert quoted == 4


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("table2,MIND,A,ndcg,5,zero,fraction,text,", "line 2: could not convert"),
        ("table2,MIND,A,ndcg,5,0.1,furlong,text,", "line 2: found unit 'furlong'"),
        ("table2,MIND,A,ndcg,5,0.1,fraction,hearsay,", "line 2: found provenance 'hearsay'"),
        ("table2,MIND,A,ndcg,5,0.1,fraction,text,\ntable2,MIND,A,ndcg,5,0.2,fraction,text,", "line 3: found .* twice"),
    ],
)
def test_bad_printed_numbers(tmp_path, line, message):
    path = tmp_path / "printed.csv"
    path.write_text(f"table,dataset,method,metric,k,value,unit,provenance,note\n{line}\n")
    with pytest.raises(DataError, match=message):
        read_printed(path)


def test_printed_numbers_need_their_columns(tmp_path):
    path = tmp_path / "printed.csv"
    path.write_text("table,value\n")
    with pytest.raises(DataError, match="found columns table, value; expected table, dataset"):
        read_printed(path)
