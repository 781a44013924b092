"""On what terms a row is made, as the config and the paper's definition say it."""

import pytest
import yaml
from snakemake.utils import update_config

from semtok.config.load import read
from semtok.plan.cells import Cell, Run
from semtok.plan.check import check
from semtok.plan.definition import CLAIMS, Conditions, load
from semtok.plan.exhibits import Exhibits
from semtok.plan.paths import Paths
from semtok.plan.terms import with_terms
from support.fabricated_results import REPOSITORY


def terms_of(name, tokenizer, recommender, conditions=None, **changed):
    """The terms of a row `name` for which `tokenizer` and `recommender` are run, under the demo's config."""
    raw = yaml.load((REPOSITORY / "config/config.yaml").read_text(), yaml.CSafeLoader)
    raw["papers"]["cost"] |= changed
    config, mistakes = read(raw)
    assert not mistakes
    cell = Cell("table2", "MIND", name, (Run("mind", tokenizer, recommender, 0),), "")
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


def test_config_of_the_paper_meets_the_printed_conditions():
    """config/paper.yaml is what the papers print, so that sizes are compared under it."""
    base, over = (yaml.safe_load((REPOSITORY / f"config/{name}.yaml").read_text()) for name in ("config", "paper"))
    for name in ("cost", "simcit"):
        conditions = load(REPOSITORY / f"config/papers/{name}.yaml").conditions
        tiger = base["recommenders"]["tiger"] | over["recommenders"]["tiger"]
        for key, printed in conditions.recommender.items():
            section, _, option = key.rpartition(".")
            assert (tiger[section][option] if section else tiger[option]) == printed
        assert conditions.encoders.get("text", "sentence-t5") == over["tokenizers"]["cost"].get(
            "encoder", "sentence-t5"
        )


@pytest.mark.parametrize("overlay", ["paper", "cpu"])
def test_no_claim_of_a_shipped_config_compares_rows_on_unequal_terms(overlay, tmp_path):
    """Or hours of training would end in "not comparable"."""
    raw, over = (yaml.safe_load((REPOSITORY / f"config/{name}.yaml").read_text()) for name in ("config", overlay))
    update_config(raw, over | {"mirror": str(tmp_path)})
    folder = REPOSITORY / "config/papers"
    config, definitions = check(raw, folder)
    exhibits = Exhibits(config, definitions, folder, Paths(config.results))
    compared = 0
    for paper in definitions:
        cells = {(cell.exhibit, cell.dataset, cell.tokenizer): cell for cell in exhibits.cells(paper, CLAIMS)}
        for claim in exhibits.definition(paper).single_claims:
            for dataset in claim.datasets:
                terms = [cells[claim.exhibit, dataset, name].terms for name in claim.tokenizers]
                histories = {one.history for one in terms if one.history is not None}
                assert len(histories) < 2, f"{paper} {claim.id} on {dataset}: {sorted(histories)} items of a history"
                for modality in {modality for one in terms for modality in one.vectors}:
                    encoders = {one.vectors[modality] for one in terms if modality in one.vectors}
                    assert len(encoders) == 1, f"{paper} {claim.id} on {dataset}: {modality} by {sorted(encoders)}"
                compared += len(histories)
    assert compared > 15
