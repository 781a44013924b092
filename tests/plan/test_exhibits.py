"""A job of the papers depends on what it shows, and on nothing else: params and inputs compared, no job run."""

import copy
import re
from functools import cache
from pathlib import Path

import pytest
import yaml

from semtok.config.load import read_config
from semtok.plan import cells as plan
from semtok.plan.definition import CLAIMS, load
from semtok.plan.exhibits import Exhibits
from semtok.plan.paths import READS, Paths, sources
from support.fabricated_results import REPOSITORY, write_stats
from support.jobs import results_of

FOLDER = REPOSITORY / "config/papers"
SIMCIT = ["table1", "table2", "table3", "table4", "table4-variants", "figure4", "figure5", "figure6", CLAIMS]
COST = ["table1", "table2", "table3", "figure3", "figure4", CLAIMS]
EVERY = [*(("simcit", name) for name in SIMCIT), *(("cost", name) for name in COST)]


@pytest.fixture(scope="module")
def raw():
    content = yaml.load((REPOSITORY / "config/config.yaml").read_text(), yaml.CSafeLoader)
    content["papers"]["simcit"]["tables"].extend(["table4", "table4-variants"])
    return content


loaded = cache(load)


def exhibits(raw, folder=FOLDER):
    config, mistakes = read_config(raw)
    assert not mistakes
    papers = {name: loaded((folder / f"{name}.yaml").resolve()) for name in config.papers}
    return Exhibits(config, papers, folder, Paths())


@pytest.fixture(scope="module")
def before(raw):
    made = exhibits(raw)
    return {key: made.params(*key) for key in EVERY}


def changed(before, raw, folder=FOLDER):
    """The exhibits whose params are others now."""
    after = exhibits(raw, folder)
    return {key for key in EVERY if after.params(*key) != before[key]}


def edited(tmp_path, change, paper):
    """A folder of definitions of which one is changed."""
    for path in FOLDER.iterdir():
        (tmp_path / path.name).symlink_to(path)
    content = yaml.load((FOLDER / f"{paper}.yaml").read_text(), yaml.CSafeLoader)
    change(content)
    for name, text in {
        f"{paper}.yaml": yaml.dump(content, Dumper=yaml.CSafeDumper, sort_keys=False),
        f"{paper}-printed.csv": (FOLDER / f"{paper}-printed.csv").read_text(),
    }.items():
        (tmp_path / name).unlink()
        (tmp_path / name).write_text(text)
    return tmp_path


def of(paper, *names):
    return {(paper, name) for name in names}


def test_claims_know_what_their_variants_are_called(raw):
    labels = exhibits(raw).params("worlds", CLAIMS)["labels"]
    places = "rq-kmeans+codebook_size=8+encoder=graphsage-small"
    assert labels[places] == "Codes of places"


@pytest.mark.parametrize(
    ("paper", "change", "rerun"),
    [
        ("cost", lambda c: c.update(title="Another"), of("cost", CLAIMS)),
        ("cost", lambda c: c.update(reference="Another"), set()),
        (
            "cost",
            lambda c: c["datasets"]["MIND"].update(note="Clicks."),
            of("cost", "table1", "table2", "figure3", "figure4", CLAIMS),
        ),
        ("cost", lambda c: c["datasets"]["Office(S)"].update(note="Few."), of("cost", "table1", "table3", CLAIMS)),
        ("simcit", lambda c: c["datasets"]["TKY"].update(note="Tokyo."), of("simcit", "table1", "table2", CLAIMS)),
        (
            "simcit",
            lambda c: c["datasets"]["NYC for AMap"].update(stands_for="NYC"),
            of("simcit", "table4", "table4-variants", "figure4", "figure5", "figure6", CLAIMS),
        ),
        (
            "simcit",
            lambda c: c["datasets"]["NYC for AMap"].update(runs_on="TKY"),
            of("simcit", "table4", "table4-variants", "figure4", "figure5", "figure6", CLAIMS),
        ),
        (
            "simcit",
            lambda c: c["datasets"]["AMap"].update(unavailable="secret"),
            of("simcit", "table1", "table3", CLAIMS),
        ),
        ("cost", lambda c: c["tables"]["table2"].update(caption="Other."), of("cost", "table2")),
        ("cost", lambda c: c["figures"]["figure4"]["panels"]["a"].update(note="N."), of("cost", "figure4")),
        ("cost", lambda c: c["claims"][0].update(statement="Other."), of("cost", CLAIMS)),
        ("cost", lambda c: c["tables"]["table2"].update(ks=[5, 10, 20]), of("cost", "table2")),
    ],
)
def test_what_an_edit_of_the_definition_makes_again(tmp_path, raw, before, paper, change, rerun):
    assert changed(before, raw, edited(tmp_path, change, paper)) == rerun


@pytest.mark.parametrize(
    ("line", "rerun"),
    [
        ("table2,MIND,L_co (CoST),recall,5,0.0803", of("cost", "table2")),
        ("figure4c,MIND,d = 96,recall,5,0.0800", of("cost", "figure4")),
        ("table1,MIND,,length_median,,22", of("cost", "table1")),
        # How many users and items the paper's data have stands below everything that shows ours.
        ("table1,MIND,,items,,12251", of("cost", "table1", "table2", "figure3", "figure4", CLAIMS)),
        ("table1,MIND,,users,,29207", of("cost", "table1", "table2", "figure3", "figure4", CLAIMS)),
    ],
)
def test_what_a_printed_number_makes_again(tmp_path, raw, before, line, rerun):
    file = edited(tmp_path, lambda c: None, "cost") / "cost-printed.csv"
    assert file.read_text().count(line) == 1
    file.write_text(file.read_text().replace(line, line + "9"))
    assert changed(before, raw, tmp_path) == rerun


def test_what_the_bootstrap_makes_again(raw, before):
    other = copy.deepcopy(raw)
    other["evaluation"]["bootstrap_samples"] = 200
    found = changed(before, other)
    assert found == set(EVERY) - of("simcit", "table1", "figure4", "figure6") - of("cost", "table1")


def test_a_dataset_is_that_of_its_entry(raw, before):
    other = copy.deepcopy(raw)
    other["papers"]["cost"]["datasets"]["Office(L)"] = "office-small"
    assert changed(before, other) == of("cost", "table1", "table3", CLAIMS)


def test_cutoffs_are_those_of_the_papers_that_have_the_run(raw):
    made = exhibits(raw)
    assert made.cutoffs("mind", "cost", "tiger", "0") == [5, 10, 20, 40]
    assert made.cutoffs("nyc", "simcit", "tiger", "0") == [5, 10, 100, 1000]
    assert made.cutoffs("nyc", "simcit-no-noise", "tiger", "0") == [5, 10]
    assert made.cutoffs("nyc", "simcit-hard-frozen", "tiger", "0") == [5, 10, 100, 1000]
    assert made.cutoffs("mind", "cost+steps=3", "tiger", "0") == [5, 10, 20, 40, 100, 1000]


def test_two_papers_may_have_a_table_of_one_name_and_two_kinds(tmp_path, raw):
    def swap(content):
        content["tables"]["table1"], content["tables"]["table2"] = (
            content["tables"]["table2"],
            content["tables"]["table1"],
        )

    made = exhibits(raw, edited(tmp_path, swap, "cost"))
    found = set()
    for kind in ("statistics", "ranking"):
        one = made.constraints(kind)
        pattern = re.compile(f"results/papers/(?P<paper>{one['paper']})/(?P<exhibit>{one['exhibit']})[.]csv")
        for paper in ("cost", "simcit"):
            for exhibit in ("table1", "table2", "table2-diagnostics", "claims"):
                if pattern.fullmatch(f"results/papers/{paper}/{exhibit}.csv"):
                    found.add((paper, exhibit, kind))
    assert found == {
        *(("cost", "table1", "ranking"), ("cost", "table2", "statistics")),
        *(("simcit", "table1", "statistics"), ("simcit", "table2", "ranking")),
    }


def test_files_go_by_their_runs(raw):
    made = exhibits(raw)
    for (paper, exhibit), runs in {
        ("cost", "table2"): 4 + 7,
        ("simcit", "table2"): None,
        ("simcit", CLAIMS): None,
    }.items():
        cells = made.cells(paper, exhibit)
        read = sources(made.kind(paper, exhibit), cells, made.datasets(paper, exhibit), Paths())
        assert set(read.files) == set(READS[made.kind(paper, exhibit)])
        for files in read.files.values():
            for run, path in files.items():
                folder = f"/{run.dataset}/{run.tokenizer}/"
                assert path.endswith(f"/{run.dataset}/untrained.parquet") if run.is_untrained else folder in path
                assert run.is_untrained or f"/{run.seed}/" in path
        assert not [run for what, files in read.files.items() if what != "metrics" for run in files if run.is_untrained]
        assert "ids" not in {run.tokenizer for run in read.files["diagnostics"]}
        assert set(read.files["metrics"]) == set(plan.runs(cells, "ranks"))
        assert runs is None or len(read.files["metrics"]) == runs
        assert read.as_input() == made.inputs(paper, exhibit)


@pytest.mark.parametrize(("paper", "exhibit"), EVERY)
def test_a_job_is_made_from_its_params_alone(tmp_path, monkeypatch, raw, before, paper, exhibit):
    monkeypatch.chdir(tmp_path)
    for path in exhibits(raw).inputs(paper, exhibit)["stats"]:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        write_stats(Path(path))
    results = results_of(before[paper, exhibit], paper, exhibit)
    whole = loaded(FOLDER / f"{paper}.yaml")
    assert results.name == exhibit
    assert results.content.kind(exhibit) == whole.kind(exhibit)
    if exhibit in whole.tables:
        assert results.content.tables == {exhibit: whole.tables[exhibit]}
    assert results.content.claims == (whole.claims if exhibit == CLAIMS else [])
    assert [cell.as_dict() for cell in results.cells] == before[paper, exhibit]["cells"]
    assert set(results.stats) == set(results.origins) == set(before[paper, exhibit]["datasets"])


def test_rows_say_what_stands_behind_the_name_of_a_language_model(raw):
    def said(exhibit):
        return {cell.tokenizer: cell for cell in exhibits(raw).cells("store", exhibit) if cell.runs}

    raw["papers"]["store"]["tables"] = ["table2", "table3", "table5"]
    own = "that was trained on the catalogue's own texts"
    asked = said("table5")
    for row, model, what in [("texts/opt-zero-shot", "opt", "OPT"), ("texts/bert-fine-tuned", "bert", "BERT")]:
        assert asked[row].language_models[0].startswith(f"The language model {model} is a small {what} (")
        assert asked[row].language_models[0].endswith(own)
        assert "nothing but the catalogue" in asked[row].remark
    retrieved = said("table3")
    for row in ("ids/p5", "store/store", "rqvae-tiger+n_levels=4/tiger-opt"):
        assert [one.endswith(own) for one in retrieved[row].language_models] == [True]
        assert retrieved[row].remark == ""
    assert retrieved["ids/sasrec-store"].language_models == ()
    (dense,) = said("table2").values()
    assert dense.language_models[0].endswith(own)
    raw["language_models"]["opt"] = {"source": "hub", "model": "facebook/opt-350m", "revision": None}
    raw["language_models"]["bert"] = {"source": "folder", "path": "mine", "architecture": "bert"}
    asked = said("table5")
    assert "facebook/opt-350m" in asked["store/opt-codes"].language_models[0]
    assert "BERT of one's own" in asked["texts/bert-zero-shot"].language_models[0]
    # What the paper has is no reason to set a claim aside.
    assert {cell.remark for cell in asked.values()} == {""}


def test_scorers_over_codes_say_which_vectors_are_of_an_untrained_network(raw):
    raw["tokenizers"]["rqvae-tiger"]["encoder"] = "vit-untrained"
    said = {cell.tokenizer: cell.remark for cell in exhibits(raw).cells("store", "table5") if cell.runs}
    assert "reads the vectors of an untrained network (vit-untrained)" in said["rqvae-tiger+n_levels=4/opt-codes"]
    assert "untrained" not in said["store/opt-codes"]
