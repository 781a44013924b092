"""On what terms a row is made, as the config and the paper's definition say it."""

import pytest
import yaml
from snakemake.utils import update_config

from semtok.config.load import read_config
from semtok.errors import ConfigError
from semtok.plan.cells import Cell, Run
from semtok.plan.check import check
from semtok.plan.definition import CLAIMS, Conditions
from semtok.plan.exhibits import Exhibits
from semtok.plan.paths import Paths
from semtok.plan.terms import with_terms
from support.fabricated_results import REPOSITORY


def terms_of(name, tokenizer, recommender, conditions=None, evidence="ranks", **changed):
    """The terms of a row `name` for which `tokenizer` and `recommender` are run, under the demo's config."""
    raw = yaml.load((REPOSITORY / "config/config.yaml").read_text(), yaml.CSafeLoader)
    raw["papers"]["cost"] |= changed
    config, mistakes = read_config(raw)
    assert not mistakes
    cell = Cell("table2", "MIND", name, (Run("mind", tokenizer, recommender, 0),), "", evidence)
    entries = config.model_dump(mode="json")
    return with_terms([cell], conditions or Conditions(), config.papers["cost"], config, entries)[0].terms


def test_terms_are_those_of_the_run():
    found = terms_of("simcit", "simcit", "tiger")
    assert found.history == 6
    assert found.vectors == {"text": "tfidf", "image": "vit-untrained", "collaborative": "als", "spatial": "graphsage"}
    assert found.equal_steps
    assert found.departures == ()


def test_plain_ids_read_no_vectors():
    found = terms_of("ids/sasrec", "ids", "sasrec+max_items=100")
    assert (found.history, found.vectors) == (100, {})


def test_what_a_row_sets_itself_is_no_term():
    assert not terms_of("cost+batch_size=64", "cost+batch_size=64", "tiger").equal_steps
    assert terms_of("cost+temperature=0.5", "cost+temperature=0.5", "tiger").equal_steps
    assert terms_of("ids/sasrec+max_items=9", "ids", "sasrec+max_items=9").history is None
    assert terms_of("rqvae+encoder=e5", "rqvae+encoder=e5", "tiger").vectors == {}


def test_a_language_model_of_the_catalogue_is_a_term_of_who_writes_with_it():
    assert terms_of("store", "store", "store").catalogue_model == "opt"
    assert terms_of("ids/sasrec", "ids", "sasrec").catalogue_model == ""
    assert terms_of("store", "store", "store", evidence="codes").catalogue_model == ""


def test_a_published_language_model_is_none():
    published = "store+language_model=opt-350m+share_weights=null"
    assert terms_of("store", "store", published).catalogue_model == ""


def test_each_may_have_the_steps_of_its_own_paper():
    assert not terms_of("cost", "cost", "tiger", tokenizer_budgets="published").equal_steps


def test_conditions_that_are_not_the_papers_are_named():
    conditions = Conditions(encoders={"text": "sentence-t5"}, recommender={"model.n_layers": 4, "max_items": 5})
    layers = {"model.n_layers": 4}
    found = terms_of("cost", "cost", "tiger+max_items=5+model.n_layers=3", conditions)
    assert found.departures == (
        "text is encoded by tfidf, the paper's by sentence-t5",
        "tiger+max_items=5+model.n_layers=3 has model.n_layers 3, the paper's 4",
    )
    same = Conditions(encoders={"text": "tfidf", "image": "vit"}, recommender=layers)
    assert terms_of("cost", "cost", "tiger+model.n_layers=4", same).departures == ()


TIGER = Conditions(recommender={"model.encoder": "bidirectional", "model.n_layers": 1})


def test_a_causal_encoder_is_not_that_of_t5():
    found = terms_of("cost", "cost", "tiger", TIGER).departures
    assert found == ("tiger has model.encoder causal, the paper's bidirectional",)
    assert not terms_of("cost", "cost", "tiger+model.encoder=bidirectional", TIGER).departures


def test_what_is_printed_of_a_recommender_is_not_of_every_row():
    # A method with a recommender of its own, which has no such option.
    assert not terms_of("ids/sasrec", "ids", "sasrec", TIGER).departures
    # One in the place of the paper's.
    assert "no model.encoder" in terms_of("cost", "cost", "decoder-only", TIGER).departures[0]
    # Codes alone.
    assert not terms_of("cost", "cost", "tiger", TIGER, evidence="codes").departures


def test_options_of_a_tokenizer_are_compared_unless_the_row_is_named_by_them():
    shape = {"method": "cost", "n_levels": 3, "hidden_dims": [512, 256, 128], "temperature": 0.1}
    conditions = Conditions(tokenizers={"cost": shape})
    assert not terms_of("cost", "cost", "tiger", conditions).departures
    assert not terms_of("rqvae", "rqvae", "tiger", conditions).departures
    assert not terms_of("cost+temperature=0.5", "cost+temperature=0.5", "tiger", conditions).departures
    # A row of one name for which a config runs another thing.
    found = terms_of("cost+temperature=0.5", "cost+temperature=0.5+n_levels=4", "tiger", conditions).departures
    assert found == ("cost+temperature=0.5+n_levels=4 has n_levels 4, the paper's 3",)
    wider = Conditions(tokenizers={"cost": shape | {"method": "rqvae", "hidden_dims": [768]}})
    assert terms_of("cost", "cost", "tiger", wider).departures == (
        "cost has method cost, hidden_dims [512, 256, 128], the paper's rqvae, [768]",
    )


MODELS = Conditions(language_models={"opt": "opt-350m", "bert": "bert-base"})


@pytest.mark.parametrize(
    ("row", "evidence", "departures"),
    [
        # In the recommender, in what the tokenizer reads, or in neither.
        ("lc-rec/lc-rec", "ranks", ["the language model is opt, the paper's opt-350m"]),
        ("store-rqvae/tiger", "ranks", ["the language model is opt, the paper's opt-350m"]),
        ("store/store", "dense", ["the language model is opt, the paper's opt-350m"]),
        ("lc-rec/lc-rec", "codes", []),
        ("ids/sasrec-store", "ranks", []),
        ("lc-rec/lc-rec+language_model=opt-350m", "ranks", []),
        # Scorers of candidates.
        ("texts/bert-zero-shot", "candidates", ["the language model is bert, the paper's bert-base"]),
        ("texts/opt-zero-shot+language_model=opt-350m", "candidates", []),
        ("lc-rec/opt-codes", "candidates", ["the language model is opt, the paper's opt-350m"]),
    ],
)
def test_language_models_that_are_not_the_papers_are_named(row, evidence, departures):
    found = terms_of(row, *row.split("/"), MODELS, evidence)
    assert list(found.departures) == departures


def test_scorers_have_the_terms_of_what_they_read():
    found = terms_of("lc-rec/opt-codes", "lc-rec", "opt-codes", evidence="candidates")
    assert (found.history, found.vectors) == (20, {"text": "tfidf"})
    found = terms_of("texts/opt-zero-shot", "texts", "opt-zero-shot", evidence="candidates")
    assert (found.history, found.vectors) == (20, {})


def shipped(overlay, tmp_path):
    """The claims of each paper under a config of the repository, and their cells."""
    raw, over = (yaml.safe_load((REPOSITORY / f"config/{name}.yaml").read_text()) for name in ("config", overlay))
    update_config(raw, over | {"mirror": str(tmp_path)})
    folder = REPOSITORY / "config/papers"
    config, definitions = check(raw, folder)
    exhibits = Exhibits(config, definitions, folder, Paths(config.results))
    for paper in definitions:
        cells = {(cell.exhibit, cell.dataset, cell.tokenizer): cell for cell in exhibits.cells(paper, CLAIMS)}
        yield paper, exhibits.definition(paper).single_claims, cells


def test_config_of_the_paper_meets_the_printed_conditions(tmp_path):
    """config/paper.yaml is what the papers print, so that sizes are compared under it."""
    compared = 0
    for paper, _, cells in shipped("paper", tmp_path):
        for place, cell in cells.items():
            assert not cell.terms.departures, f"{paper}: {place}"
            compared += bool(cell.runs)
    assert compared > 60


def test_the_config_for_processors_says_what_it_does_otherwise(tmp_path):
    found = {
        (paper, claim.id): {
            departure.split(" has ")[0]
            for dataset in claim.datasets
            for name in claim.tokenizers
            for departure in cells[claim.exhibit, dataset, name].terms.departures
        }
        for paper, claims, cells in shipped("cpu", tmp_path)
        for claim in claims
        if claim.test == "gain"
    }
    assert found["cost", "C-1"] == {"text is encoded by minilm, the paper's by sentence-t5", "tiger"}
    # The gain of STORE over LC-Rec (S-4), and over the search without the trie (S-6).
    for claim in ("MIND", "size"):
        assert found["store", claim] == {"the language model is opt, the paper's opt-350m"}


@pytest.mark.parametrize(
    ("section", "names", "message"),
    [
        ("tokenizers", {"csot": {"n_levels": 3}}, "conditions.tokenizers: found 'csot'; .* did you mean 'cost'"),
        ("encoders", {"text": "sentence-t4"}, "conditions.encoders: found 'sentence-t4'; .*'sentence-t5'"),
        ("language_models", {"opt": "opt-35m"}, "conditions.language_models: found 'opt-35m'; .*'opt-350m'"),
    ],
)
def test_conditions_that_no_entry_answers_to_are_mistakes(tmp_path, section, names, message):
    for path in (REPOSITORY / "config/papers").iterdir():
        (tmp_path / path.name).write_text(path.read_text())
    content = yaml.safe_load((tmp_path / "cost.yaml").read_text())
    content["conditions"][section] = names
    (tmp_path / "cost.yaml").write_text(yaml.safe_dump(content))
    raw = yaml.load((REPOSITORY / "config/config.yaml").read_text(), yaml.CSafeLoader)
    with pytest.raises(ConfigError, match=message):
        check(raw, tmp_path)


@pytest.mark.parametrize("overlay", ["paper", "cpu"])
def test_no_claim_of_a_shipped_config_compares_rows_on_unequal_terms(overlay, tmp_path):
    """Or hours of training would end in "not comparable"."""
    compared = 0
    for paper, claims, cells in shipped(overlay, tmp_path):
        for claim in claims:
            for dataset in claim.datasets:
                terms = [cells[claim.exhibit, dataset, name].terms for name in claim.tokenizers]
                histories = {one.history for one in terms if one.history is not None}
                assert len(histories) < 2, f"{paper} {claim.id} on {dataset}: {sorted(histories)} items of a history"
                for modality in {modality for one in terms for modality in one.vectors}:
                    encoders = {one.vectors[modality] for one in terms if modality in one.vectors}
                    assert len(encoders) == 1, f"{paper} {claim.id} on {dataset}: {modality} by {sorted(encoders)}"
                compared += len(histories)
    assert compared > 15
