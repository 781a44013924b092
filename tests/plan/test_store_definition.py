"""STORE's definition: what it names, and that every printed number has its cell."""

from pathlib import Path

import pytest
import yaml

from semtok.errors import ConfigError
from semtok.papers.scoring_table import PRINTED_AS, SHOWN
from semtok.plan import cells as plan
from semtok.plan.check import check
from semtok.plan.definition import CLAIMS, load
from semtok.plan.exhibits import Exhibits
from semtok.plan.metrics import METRICS
from semtok.plan.paths import Paths, sources
from semtok.plan.printed import read_printed
from semtok.plan.spelling import unknown_names
from semtok.plan.table_specs import RankingTable, ScoringTable, StatisticsTable
from support.fabricated_results import REPOSITORY
from support.fabricated_store import DEFINITION, PRINTED, SCORERS, TOKENIZERS, cells_of, paper_config

FOLDER = REPOSITORY / "config/papers"


@pytest.fixture(scope="module")
def paper():
    return load(DEFINITION)


@pytest.fixture(scope="module")
def raw():
    content = yaml.load((REPOSITORY / "config/config.yaml").read_text(), yaml.CSafeLoader)
    content["papers"]["store"]["tables"] = list(load(DEFINITION).tables)
    return content


def test_store(paper):
    assert {name: table.kind for name, table in paper.tables.items()} == {
        "table1": "statistics",
        "table2": "attributes",
        "table3": "ranking",
        "table4": "ranking",
        "table4-decoders": "ranking",
        "table4-codes": "ranking",
        "table5": "scoring",
        "table5-wordings": "scoring",
    }
    assert [claim.id for claim in paper.claims] == [f"S-{number}" for number in range(1, 13)]
    for claim in paper.single_claims:
        assert claim.words("p < 0.05")
    notes = {claim.id: claim.note for claim in paper.claims}
    assert all("S-I2" in notes[name] and "S-I3" in notes[name] for name in ("S-4", "S-6"))


def test_every_printed_number_has_its_cell(paper):
    """And is found where it is shown, as what it is; an NDCG of Tables 3 and 4 is shown twice."""
    printed = read_printed(PRINTED)
    table1 = paper.exhibit("table1", StatisticsTable)
    found = sum(
        printed.get("table1", dataset, "", statistic) is not None
        for dataset in table1.datasets
        for statistic in table1.statistics
    )
    assert found == 12
    for name, expected in (("table3", 72), ("table4", 24)):
        table = paper.exhibit(name, RankingTable)
        places = {
            (dataset, row.label, METRICS[metric].printed_as or metric, k)
            for dataset in table.datasets
            for row in table.rows
            for metric in table.metrics
            for k in table.ks
        }
        numbers = {place for place in places if printed.get(name, *place)}
        assert len(numbers) == expected
        assert {metric for _, _, metric, _ in numbers} == {"recall", "ndcg_defective"}
        found += expected
    table5 = paper.exhibit("table5", ScoringTable)
    places = {(row.label, PRINTED_AS.get(metric, metric), k) for row in table5.rows for metric, k in SHOWN}
    found += sum(printed.get("table5", "MIND", *place) is not None for place in places)
    assert found == len(printed) == 137


def test_numbers_that_five_thousand_users_cannot_have_say_so():
    """S-I4."""
    printed = read_printed(PRINTED)
    for line in PRINTED.read_text().splitlines():
        cells = line.split(",")
        if cells[0] in ("table3", "table4") and cells[3] == "recall":
            number = printed.get(*cells[:4], int(cells[4]))
            possible = abs(round(number.value * 5000) - number.value * 5000) < 1e-6
            assert possible == ("S-I4" not in number.note), line


def test_claims_only_name_what_is_planned(paper):
    known = {(cell.exhibit, cell.dataset, cell.tokenizer) for cell in cells_of(CLAIMS)}
    for claim in paper.single_claims:
        named = {(claim.exhibit, dataset, name) for dataset in claim.datasets for name in claim.tokenizers}
        assert named <= known, claim.id


def test_the_config_runs_what_it_has_and_says_what_it_lacks(raw, paper):
    config, papers = check(raw, FOLDER)
    made = Exhibits(config, papers, FOLDER, Paths())
    missing = {cell.tokenizer: cell.missing for cell in made.cells("store", "table3") if not cell.runs}
    entries = {name for name in paper.planned if name in config.recommenders}
    assert all(f"this config has no recommender {name}" not in missing.values() for name in entries)
    (dense,) = [cell for cell in made.cells("store", "table2") if cell.dataset == "MIND"]
    assert (dense.evidence, dense.dense) == ("dense", "dense-opt")
    assert made.inputs("store", "table2") == {
        "dense": [f"results/encoders/{name}/dense-opt-seed0.json" for name in ("mind-store", "yelp")],
        "stats": ["results/data/mind-store/stats.json", "results/data/yelp/stats.json"],
        "targets": [],
    }
    scoring = made.inputs("store", "table5")
    run = "results/recommenders/mind-store/texts/opt-zero-shot/0"
    assert f"{run}/scored.parquet" in scoring["scored"]
    assert f"{run}/list-metrics.parquet" in scoring["metrics"]
    reasons = {cell.tokenizer: cell.missing for cell in made.cells("store", "table5")}
    assert "GPT-3.5 is a service" in reasons["texts/gpt-zero-shot"]
    assert "request only" in reasons["texts/llama-zero-shot"]
    # Nothing of the scorers is scored as a ranking, or diagnosed as a tokenizer.
    claims = made.inputs("store", CLAIMS)
    assert not [path for path in claims["diagnostics"] if "texts" in path]
    assert made.cutoffs("mind-store", "ids", "random", "0") == [5, 10, 20]


def test_a_scorer_needs_candidates(raw):
    content = yaml.safe_load(yaml.safe_dump(raw))
    content["datasets"]["mind-store"]["impressions"] = "interactions"
    with pytest.raises(ConfigError, match="opt-zero-shot on mind-store, which has no candidates to score"):
        check(content, FOLDER)


def test_a_misspelt_scorer_is_a_mistake(raw, tmp_path):
    for path in FOLDER.iterdir():
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / "store.yaml").unlink()
    text = DEFINITION.read_text().replace("scorer: &opt texts/opt-zero-shot", "scorer: &opt texts/opt-zero-shoot")
    (tmp_path / "store.yaml").write_text(text)
    with pytest.raises(ConfigError, match="expected an entry of scorers, or one that is planned; did you mean"):
        check(raw, tmp_path)


def test_a_variant_of_a_scorer_is_checked(raw, tmp_path):
    for path in FOLDER.iterdir():
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / "store.yaml").unlink()
    (tmp_path / "store.yaml").write_text(DEFINITION.read_text().replace("prompt=interest", "prompt=please"))
    with pytest.raises(ConfigError, match=r"scorers.opt-zero-shot\+prompt=please.prompt: found 'please'"):
        check(raw, tmp_path)


def test_zero_shot_scorers_run_once_whatever_the_seeds():
    for changed in ({}, {"seeds_of": {"table5": [3, 4]}}):
        cells = {cell.tokenizer: cell for cell in cells_of("table5", (0, 1, 2), **changed)}
        assert [run.seed for run in cells["texts/opt-zero-shot"].runs] == [0]
        assert not cells["texts/opt-zero-shot"].has_seeds
    assert cells["texts/bert-fine-tuned"].missing == "this config has no scorer bert-fine-tuned"


def test_trained_scorers_run_with_each_seed_on_what_they_read(monkeypatch):
    monkeypatch.setitem(SCORERS, "bert-fine-tuned", {"method": "fine-tuned"})
    monkeypatch.setitem(SCORERS, "opt-codes", {"method": "codes"})
    monkeypatch.delitem(TOKENIZERS, "lc-rec")
    cells = {cell.tokenizer: cell for cell in cells_of("table5", (0, 1, 2))}
    assert [run.seed for run in cells["texts/bert-fine-tuned"].runs] == [0, 1, 2]
    assert [(run.tokenizer, run.seed) for run in cells["store/opt-codes"].runs] == [("store", n) for n in (0, 1, 2)]
    assert {run.tokenizer for run in cells["rqvae-tiger+n_levels=4/opt-codes"].runs} == {"rqvae-tiger+n_levels=4"}
    assert cells["lc-rec/opt-codes"].missing == "this config has no tokenizer lc-rec"
    # A variant that is the entry itself is no other run.
    monkeypatch.setitem(TOKENIZERS, "rqvae-tiger", {**TOKENIZERS["rqvae-tiger"], "n_levels": 4})
    cells = {cell.tokenizer: cell for cell in cells_of("table5", (0,))}
    assert cells["rqvae-tiger+n_levels=4/opt-codes"].runs[0].tokenizer == "rqvae-tiger"


def test_scorers_on_what_they_cannot_read_have_no_runs(monkeypatch):
    monkeypatch.setitem(SCORERS, "bert-fine-tuned", {"method": "codes"})
    monkeypatch.setitem(SCORERS, "opt-codes", {"method": "fine-tuned"})
    missing = {cell.tokenizer: cell.missing for cell in cells_of("table5")}
    assert missing["texts/bert-fine-tuned"] == "the scorer bert-fine-tuned reads codes, not texts"
    assert missing["store/opt-codes"] == "the scorer opt-codes reads texts, not store"


@pytest.mark.parametrize(
    ("section", "name", "model", "expected"),
    [
        (
            "scorers",
            "bert-fine-tuned",
            "opt",
            "found opt, whose architecture is opt; expected one of architecture bert",
        ),
        ("scorers", "opt-codes", "bert", "found bert, whose architecture is bert; expected one of architecture opt"),
        ("recommenders", "store", "bert", "found bert, whose architecture is bert; expected one of architecture opt"),
        ("encoders", "opt-states", "bert-base", "found bert-base, whose architecture is bert; expected one of"),
    ],
)
def test_a_language_model_of_another_architecture_is_a_mistake(raw, section, name, model, expected):
    content = yaml.safe_load(yaml.safe_dump(raw))
    content[section][name]["language_model"] = model
    with pytest.raises(ConfigError, match=rf"{section}\.{name}\.language_model: {expected}"):
        check(content, FOLDER)


def test_files_of_candidates():
    found = sources("scoring", cells_of("table5"), {"MIND": "mind-store"}, Paths())
    assert set(found.files) == {"metrics", "scored"}
    assert set(found.files["metrics"]) == set(found.files["scored"]) == set(plan.runs(cells_of("table5")))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c["tables"]["table3"].update(ks=[5, 10]), "ndcg_defective|beam_dcg is made from NDCG@20, so that k"),
        (lambda c: c["tables"]["table3"].update(metrics=["gauc"]), "table3.metrics.0: .*a metric: recall, ndcg"),
        (lambda c: c["tables"]["table5"]["rows"].append(c["tables"]["table5"]["rows"][0]), "every scorer in one row"),
        (lambda c: c["tables"]["table2"]["by_dataset"]["MIND"].pop("content"), "MIND.content: missing"),
    ],
)
def test_errors_name_file_and_path(tmp_path: Path, change, message):
    content = yaml.safe_load(DEFINITION.read_text())
    change(content)
    path = tmp_path / "paper.yaml"
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(ConfigError, match=message):
        load(path)


def test_problems(paper):
    assert unknown_names(paper, paper_config(), "store") == []
