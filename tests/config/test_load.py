import copy
from pathlib import Path

import pytest
import yaml
from snakemake.utils import update_config

from semtok.errors import ConfigError
from semtok.plan import check as papers_check

CONFIG = Path(__file__).parents[2] / "config"


def check(raw):
    return papers_check.check(raw, CONFIG / "papers")[0]


@pytest.fixture
def raw():
    return yaml.load((CONFIG / "config.yaml").read_text(), yaml.CSafeLoader)


def mistakes(raw) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        check(raw)
    return [line.strip() for line in str(caught.value).splitlines()[1:]]


def test_the_demo_is_right(raw):
    assert check(raw).source == "synthetic"


@pytest.mark.parametrize("overlay", ["paper.yaml", "cpu.yaml", "calibration.yaml"])
def test_the_overlays_are_right(raw, overlay, tmp_path):
    update_config(raw, yaml.safe_load((CONFIG / overlay).read_text()))
    if raw["source"] == "mirror":
        raw["mirror"] = str(tmp_path)
    check(raw)


def change(raw, path: str, value) -> None:
    *parents, key = path.split(".")
    node = raw
    for parent in parents:
        node = node[parent]
    if value is ...:
        del node[key]
    else:
        node[key] = value


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("tokenizers.cost.temprature", 0.1, "tokenizers.cost.temprature: unknown key; did you mean 'temperature'"),
        ("sed", 1, "sed: unknown key; did you mean 'seeds'"),
        ("recommenders.tiger.model.layers", 1, "recommenders.tiger.model.layers: unknown key; did you mean 'n_layers'"),
        ("tokenizers.cost.temperature", -0.1, "tokenizers.cost.temperature: found -0.1; expected greater than 0"),
        ("tokenizers.cost.method", "cosst", "tokenizers.cost.method: found 'cosst'; expected a known method; did you"),
        ("datasets.mind.reader", "mnd", "datasets.mind.reader: found 'mnd'; expected 'mind', 'amazon2014'"),
        ("papers.cost.datasets.MIND", "mynd", "papers.cost.datasets.MIND: found 'mynd'; expected an entry of datasets"),
        (
            "tokenizers.cost.encoder",
            "tfdif",
            "tokenizers.cost.encoder: found 'tfdif'; expected an entry of encoders; did",
        ),
        (
            "papers.cost.recommender",
            "tigger",
            "papers.cost.recommender: found 'tigger'; expected an entry of recommend",
        ),
        (
            "papers.cost.recommenders_by_dataset",
            {"MIND": {"tiger": "tigger"}},
            "papers.cost.recommenders_by_dataset.MIND.tiger: found 'tigger'; expected an entry of recommenders; did",
        ),
        (
            "papers.cost.recommenders_by_dataset",
            {"MIND": {"tiger": "tiger+max_items=5;"}},
            "papers.cost.recommenders_by_dataset.MIND.tiger: found 'tiger+max_items=5;'; expected at most 200 letters",
        ),
        (
            "papers.cost.recommenders_by_dataset",
            {"MIND": {"tiger": "tiger+max_item=5"}},
            "recommenders.tiger+max_item=5: 'max_item' is not an option",
        ),
        ("seeds", [0, 1, 0], "seeds: found [0, 1, 0]; expected every seed once; listed twice: 0"),
        ("seeds", [], "seeds: found []; List should have at least 1 item"),
        ("tokenizers.cost.steps", ..., "tokenizers.cost.steps: missing; expected a value"),
        (
            "tokenizers.cost.diversity_weight",
            0.1,
            "tokenizers.cost.diversity_weight: unknown key of cost; it is one of letter (if a config file before",
        ),
        (
            "recommenders.sasrec.choose",
            {"max_items": [5, 10]},
            "recommenders.sasrec.choose.max_items: expected options of `model` or `training`",
        ),
        ("tokenizers.cost.steps", {"epochs": 1.5}, "tokenizers.cost.steps.epochs: found 1.5; expected a valid integer"),
        ("tokenizers.cost.steps", {"epochs": 5, "a": 1}, "tokenizers.cost.steps.a: unknown key; known: epochs"),
        ("tokenizers.cost.steps", 1.5, "tokenizers.cost.steps: found 1.5; expected a valid integer"),
        (
            "seeds",
            ["0"],
            "seeds.0: found '0'; expected a valid integer (it is in quotes, or in a list given to --config,",
        ),
        ("tokenizers.cost.learning_rate", "1e-4", "(YAML reads 1e-4 as text: write it with a dot, as in 1.0e-4)"),
        ("datasets.mind.split", {"method": "user-ratio", "valid": 0.5, "test": 0.6}, "must be below 1"),
        ("recommenders.tiger.decoding.beam_size", 20, "found 20; expected at least 40, the largest k of papers.cost"),
        ("papers.cost.tables", ["table1", "table9"], "papers.cost.tables: found 'table9'; expected one of the paper's"),
        ("papers.cost.datasets.MINT", "mind", "papers.cost.datasets: found 'MINT'; expected one of the paper's; did"),
        (
            "tokenizers.ids",
            {"method": "random", "n_levels": 3, "codebook_size": 8},
            "tokenizers.ids: found 'ids'; expected another name",
        ),
        ("recommenders.sasrec.decoding.beam_size", 50, "recommenders.sasrec.decoding.beam_size: unknown key"),
        ("recommenders.sasrec.model.n_heads", 3, "expected a hidden_dim that n_heads = 3 divides, got 64"),
        (
            "encoders.sasrec-items.recommender",
            "sasrec-64",
            "encoders.sasrec-items.recommender: found 'sasrec-64'; expected an entry of recommenders over plain",
        ),
        (
            "encoders.sasrec-items.recommender",
            "tiger",
            "encoders.sasrec-items.recommender: found 'tiger'; expected an entry of recommenders over plain item",
        ),
        ("source", "mirror", "mirror: found nothing; expected an existing folder"),
        (
            "tokenizers.mine",
            {"method": "external", "path": "codes.json", "below": "mirror", "keys": "raw"},
            "mirror: found nothing; expected an existing folder",
        ),
        ("datasets.mind.text_fields", ["titel"], "category, subcategory, title, abstract), and not titel"),
        (
            "tokenizers.rqvea",
            {"steps": 10},
            "tokenizers.rqvea.method: missing; expected the name of a method; or did you",
        ),
        ("datasets.mind.text_fields", [], "expected filters.without_text: keep where text_fields is empty"),
        ("mirror", 3, "mirror: found 3; expected a valid string"),
        ("datasets.mind.files", [{"path": "../../etc/passwd"}], "datasets.mind.files.0.path: found '../../etc/passwd'"),
    ],
)
def test_each_mistake_is_told_with_path_value_and_expectation(raw, path, value, expected):
    change(raw, path, value)
    (line,) = mistakes(raw)
    assert expected in line


def test_keys_that_another_method_left_behind_say_whose_they_are(raw):
    """As an overlay leaves them, which adds to the entry before it."""
    change(raw, "datasets.nyc.split", {"method": "leave-one-out", "valid": 0.1, "test": 0.1})
    for line, key in zip(mistakes(raw), ("valid", "test"), strict=True):
        assert line.startswith(f"datasets.nyc.split.{key}: unknown key of leave-one-out; it is one of ")
        assert "time-ratio, user-ratio (if a config file before" in line


def test_a_paper_that_is_null_is_left_out(raw):
    raw["papers"]["simcit"] = None
    assert "simcit" not in check(raw).papers


def test_made_up_times_split_nothing(raw):
    change(raw, "datasets.mind.reader", "sequences")
    check(raw)
    change(raw, "datasets.mind.split", {"method": "time-ratio", "valid": 0.1, "test": 0.1})
    (line,) = mistakes(raw)
    assert "expected another split than time-ratio with the reader sequences" in line


def test_a_name_cannot_climb_out_of_the_results(raw):
    raw["datasets"]["../mind"] = copy.deepcopy(raw["datasets"]["mind"])
    assert any("../mind" in line for line in mistakes(raw))


def test_all_mistakes_are_told_at_once(raw):
    change(raw, "tokenizers.cost.temprature", 0.1)
    change(raw, "tokenizers.rqvae.commitment_weight", -1)
    change(raw, "papers.cost.datasets.MIND", "mynd")
    change(raw, "seeds", [1, 1])
    found = mistakes(raw)
    assert len(found) == 4
    for path in ("temprature", "tokenizers.rqvae.commitment_weight", "papers.cost.datasets.MIND", "seeds"):
        assert any(path in line for line in found)


def test_a_definitions_mistakes_are_told_with_the_configs(raw, tmp_path):
    definition = (CONFIG / "papers" / "cost.yaml").read_text().replace("metrics: [ndcg, recall]", "metrics: [ndgc]", 1)
    (tmp_path / "cost.yaml").write_text(definition)
    change(raw, "seeds", [1, 1])
    with pytest.raises(ConfigError) as caught:
        papers_check.check(raw, tmp_path)
    assert "ndgc" in str(caught.value)
    assert "listed twice: 1" in str(caught.value)


def with_row(folder, method):
    """A folder of definitions in which CoST's Table 2 has one row more."""
    for name in ("cost", "simcit", "store", "worlds"):
        text = (CONFIG / "papers" / f"{name}.yaml").read_text()
        row = "      - {label: Random, latex: Random, tokenizer: random}\n"
        more = row + f"      - {{label: Ours, tokenizer: {method}}}\n"
        (folder / f"{name}.yaml").write_text(text.replace(row, more))
    return folder


def mistakes_with_row(raw, folder, method):
    with pytest.raises(ConfigError) as caught:
        papers_check.check(raw, with_row(folder, method))
    return [line.strip() for line in str(caught.value).splitlines()[1:]]


def test_what_takes_a_recommenders_place_must_fit_the_row(raw):
    change(raw, "papers.cost.recommenders_by_dataset", {"MIND": {"tiger": "sasrec"}})
    assert "papers.cost: found random/sasrec, but sasrec ranks plain item ids; expected ids/sasrec" in mistakes(raw)


def test_a_row_over_item_ids_is_right(raw, tmp_path):
    papers_check.check(raw, with_row(tmp_path, "ids/sasrec"))
    papers_check.check(raw, with_row(tmp_path, "ids/sasrec+model.n_layers=1"))


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        (
            "ids",
            "papers.cost: found ids/tiger, but tiger reads codes; expected a recommender over plain item ids",
        ),
        ("ids/tiger", "papers.cost: found ids/tiger, but tiger reads codes"),
        ("random/sasrec", "papers.cost: found random/sasrec, but sasrec ranks plain item ids; expected ids/sasrec"),
        ("random+n_levels=0/tiger", "tokenizers.random+n_levels=0.n_levels: found 0"),
        ("ids/sasrec+model.n_heads=3", "recommenders.sasrec+model.n_heads=3.model: found"),
        ("ids/sasrec+heads=3", "recommenders.sasrec+heads=3: 'heads' is not an option"),
    ],
)
def test_what_rows_pair_is_checked(raw, tmp_path, method, expected):
    (line,) = mistakes_with_row(raw, tmp_path, method)
    assert expected in line


def test_check_ins_are_asked_of_a_dataset_that_has_them(raw, tmp_path):
    (line,) = mistakes_with_row(raw, tmp_path, "ids/stan+max_items=20")
    assert line == (
        "papers.cost: found stan+max_items=20 on mind, but stan reads coordinates and times, which the reader mind "
        "does not give; expected a dataset of check-ins (reader: foursquare), or a table of items with latitude and "
        "longitude"
    )


def test_every_rows_recommender_ranks_enough_items(raw, tmp_path):
    change(raw, "recommenders.sasrec.decoding.top", 30)
    (line,) = mistakes_with_row(raw, tmp_path, "ids/sasrec")
    assert line == "recommenders.sasrec.decoding.top: found 30; expected at least 40, the largest k of papers.cost"
    check(raw)  # no row asks for it


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (
            "tokenizers.store.n_levels",
            3,
            "tokenizers.store.n_levels: found 3; expected the 4 dense_tokens of encoders.dense-opt",
        ),
        (
            "tokenizers.store.encoder",
            "tfidf",
            "tokenizers.store.encoder: found tfidf; expected an entry of method dense-tokenizer",
        ),
        (
            "encoders.dense-opt.language_model",
            "op",
            "encoders.dense-opt.language_model: found 'op'; expected an entry of language_models; did you mean 'opt'?",
        ),
        ("language_models.opt.vocabulary", 200, "language_models.opt.vocabulary: found 200"),
        ("language_models.opt.source", "web", "language_models.opt.source: found 'web'; expected a known source"),
        ("language_models.opt-350m.layers", 2, "language_models.opt-350m.layers: unknown key"),
        (
            "datasets.nyc.attributes",
            {"content": ["category"], "generated": ["category"]},
            "expected every field once; listed twice: category",
        ),
    ],
)
def test_language_models_and_what_is_built_on_them(raw, path, value, expected):
    change(raw, path, value)
    (line,) = mistakes(raw)
    assert expected in line


def test_a_falling_rate_needs_an_end_that_is_known(raw):
    """Alignment ends when it no longer helps: the rate would never reach the end of its cosine."""
    raw["recommenders"]["store"]["training"] |= {"schedule": "cosine", "patience": 2}
    assert any(
        "training.schedule: found cosine with alignment and patience; expected constant" in line
        for line in mistakes(raw)
    )
    raw["recommenders"]["store"]["training"] |= {"patience": 0}
    check(raw)
