"""Edit one view of SimCIT, and exactly what sees that view runs again."""

import pandas as pd
import pytest

from support.project import Job, Project

TABLE = "results/papers/simcit/table4.csv"
RANKING = {Job("ranking_table", "paper=simcit, exhibit=table4")}
ALL_VIEWS = {"simcit"}
OTHERS = {"letter"}
SEED = ", seed=0"
"""Of the encoders that every seed trains anew."""


@pytest.fixture(autouse=True)
def restore(city: Project):
    config = (city.root / "tiny.yaml").read_text()
    yield
    (city.root / "tiny.yaml").write_text(config)


def encoded(rule: str, encoder: str, seed: str = "") -> set[Job]:
    return {Job(rule, f"dataset=nyc, encoder={encoder}{seed}")}


def runs(tokenizers: set[str]) -> set[Job]:
    """What follows new vectors or options of `tokenizers`."""
    coded = {
        Job(rule, f"dataset=nyc, tokenizer={name}, seed=0") for rule in ("tokenize", "diagnose") for name in tokenizers
    }
    ranked = {
        Job(rule, f"dataset=nyc, tokenizer={name}, recommender=tiger, seed=0")
        for rule in ("train", "decode", "evaluate")
        for name in tokenizers
    }
    return coded | ranked | RANKING


def test_table_4_of_the_city(city: Project):
    assert city.planned(TABLE) == set()
    table = pd.read_csv(city.root / TABLE)
    assert set(table["dataset"]) == {"NYC for AMap"}
    made = table[(table["k"] == 10) & table["mean"].notna() & (table["kind"] == "trained")]
    assert len(made) == len(ALL_VIEWS | OTHERS)
    assert made["mean"].between(0, 1).all()
    assert (made["targets"] > 0).all()
    # The pictures' network is untrained, and the table says so.
    assert "untrained" in (city.root / TABLE).with_suffix(".md").read_text()


def test_an_option_of_als(city: Project):
    city.edit_config("encoders.als", {"alpha": 10})
    assert city.planned(TABLE) == encoded("encode_collaborative", "als", SEED) | runs(ALL_VIEWS)


def test_an_image_model(city: Project):
    city.edit_config("encoders.vit-untrained.seed", 1)
    assert city.planned(TABLE) == encoded("encode_image", "vit-untrained") | runs(ALL_VIEWS)


def test_another_limit_of_pictures_fetches_them_again(city: Project):
    city.edit_config("datasets.nyc.images.max_bytes", 9_000_000)
    fetched = {Job("fetch_images", "dataset=nyc")} | encoded("encode_image", "vit-untrained")
    assert city.planned(TABLE) == fetched | runs(ALL_VIEWS)


def test_the_text_model_touches_no_other_view(city: Project):
    city.edit_config("encoders.tfidf.dimensions", 12)
    texts = encoded("encode_text", "tfidf") | {Job("rank_untrained", "dataset=nyc")}
    assert city.planned(TABLE) == texts | runs(ALL_VIEWS | OTHERS)


def test_the_graph_of_places(city: Project):
    city.edit_config("encoders.graphsage.graph", {"neighbours": 5})
    spatial = encoded("spatial_graph", "graphsage") | encoded("encode_spatial", "graphsage", SEED)
    assert city.planned(TABLE) == spatial | runs(ALL_VIEWS)


def test_an_option_of_one_tokenizer(city: Project):
    city.edit_config("tokenizers.letter.alignment", "linear")
    assert city.planned(TABLE) == runs({"letter"})


def test_the_recommender_whose_vectors_letter_takes(city: Project):
    city.edit_config("recommenders.sasrec-32.training.learning_rate", 0.1)
    trained = {Job("train", "dataset=nyc, tokenizer=ids, recommender=sasrec-32, seed=0")}
    items = encoded("encode_recommender_items", "sasrec-items", SEED)
    assert city.planned(TABLE) == trained | items | runs({"letter"})
