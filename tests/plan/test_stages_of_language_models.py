"""What the jobs of language models, dense tokenizers and scorers read, without Snakemake."""

import re

import pytest

from semtok.errors import ConfigError
from support.planned import job, stages


def test_a_language_model_comes_from_where_its_source_says(raw):
    opt = stages(raw)
    trained = [f"results/encoders/mind/opt.model/{file}" for file in ("config.json", "model.safetensors")]
    assert opt.language_models_trained() == "opt|bert"
    assert opt.language_model_files(job(encoder="dense-opt"))[:2] == trained
    assert opt.language_model_files(job(encoder="opt-states"))[:2] == trained
    assert opt.language_model(job(encoder="dense-opt")) == opt.options("language_models", "opt")
    raw["encoders"]["dense-opt"]["language_model"] = "opt-350m"
    assert stages(raw).language_model_files(job(encoder="dense-opt")) == []
    assert stages(raw).language_model(job(encoder="dense-opt"))["model"] == "facebook/opt-350m"
    raw["language_models"]["opt-350m"] = {"source": "folder", "path": "mine/"}
    assert stages(raw).language_model_files(job(encoder="dense-opt"))[2] == "mine/tokenizer.json"


def test_a_recommender_reads_its_language_model_and_the_dense_tokenizer_of_it(raw):
    one, run = stages(raw), job(tokenizer="store", recommender="store", seed="2")
    assert one.language_model_files(run)[:1] == ["results/encoders/mind/opt.model/config.json"]
    assert one.language_model(run) == one.options("language_models", "opt")
    assert one.dense_model(run) == "results/encoders/mind/dense-opt-seed2.safetensors"
    assert one.dense_options(run) == one.options("encoders", "dense-opt")
    assert one.attributes_to_read(run) == one.attributes(run)
    assert one.texts(run) == "results/data/mind/items.parquet"
    # Without alignment no text is read, and from the model as it is no dense tokenizer.
    plain = job(tokenizer="rqvae", recommender="tiger-opt+max_items=5")
    assert (one.attributes_to_read(plain), one.texts(plain), one.dense_model(plain)) == (None, [], [])
    pattern = re.compile(one.in_language_models())
    assert all(pattern.fullmatch(name) for name in ("store", "store-no-alignment", "p5+max_items=5", "lc-rec"))
    assert not any(pattern.fullmatch(name) for name in ("tiger", "tiger-small", "sasrec+max_items=5", "stores"))
    raw["recommenders"]["store"]["share_weights"] = "opt-states"
    with pytest.raises(ConfigError, match=r"recommenders\.store\.share_weights: found opt-states; expected a dense"):
        stages(raw).dense_model(run)


def test_a_scorer_reads_codes_or_texts_and_each_job_its_own_options(raw):
    one = stages(raw)
    run = {"dataset": "mind-store", "seed": "2"}
    texts = job(tokenizer="texts", scorer="bert-fine-tuned", **run)
    codes = job(tokenizer="store", scorer="opt-codes", **run)
    items = "results/data/mind-store/items.parquet"
    assert (one.scorer_codes(texts), one.texts_to_learn(texts), one.texts_to_score(texts)) == ([], items, items)
    assert one.language_model(texts)["architecture"] == "bert"
    assert one.language_model_files(texts)[0] == "results/encoders/mind-store/bert.model/config.json"
    assert one.scorer_codes(codes) == "results/tokenizers/mind-store/store/2/codes.npy"
    assert (one.texts_to_learn(codes), one.attributes_to_learn(codes)) == ([], None)
    assert (one.texts_to_score(codes), one.attributes_to_score(codes)) == ([], None)
    assert (one.dense_model(texts), one.dense_model(codes)) == ([], [])
    # Texts are learned from, and not scored by, where the codes are aligned with them.
    aligned = job(tokenizer="store", scorer="opt-codes+training.alignment=true+share_weights=dense-opt", **run)
    assert (one.texts_to_learn(aligned), one.texts_to_score(aligned)) == (items, [])
    assert one.attributes_to_learn(aligned) == one.attributes(aligned)
    assert one.dense_model(aligned) == "results/encoders/mind-store/dense-opt-seed2.safetensors"
    # What one of the two jobs reads does not rerun the other.
    learned, scored = (one.scorer_options(left_out)(codes) for left_out in ("scoring", "training"))
    assert set(learned) - set(scored) == {"training"}
    assert set(scored) - set(learned) == {"scoring"}
    trained, others = (re.compile(one.scorers(trained)) for trained in (True, False))
    assert all(trained.fullmatch(name) for name in ("bert-fine-tuned", "opt-codes+max_items=5"))
    assert all(others.fullmatch(name) for name in ("opt-zero-shot+prompt=next", "bert-zero-shot"))
    assert not any(trained.fullmatch(name) for name in ("opt-zero-shot", "opt-codesx", "store"))
    assert one.asks("train_scorer", "mem_mb", 1)(codes, 2) == 32000


@pytest.mark.parametrize(
    ("tokenizer", "scorer", "message"),
    [
        ("texts", "opt-codes", "texts/opt-codes, but codes reads codes; expected a tokenizer before it"),
        ("store", "bert-fine-tuned", "but fine-tuned reads texts; expected texts/bert-fine-tuned"),
    ],
)
def test_a_scorer_is_not_given_what_it_cannot_read(raw, tokenizer, scorer, message):
    with pytest.raises(ConfigError, match=message):
        stages(raw).scorer_codes(job(tokenizer=tokenizer, scorer=scorer))


def test_a_dataset_without_attributes_has_no_dense_tokens(raw):
    assert stages(raw).attributes(job())["generated"] == ["category", "subcategory"]
    with pytest.raises(ConfigError, match=r"datasets\.tky\.attributes: found nothing; expected the fields"):
        stages(raw).attributes(job(dataset="tky"))


def test_dense_tokens_are_those_of_the_runs_seed(raw):
    found = stages(raw).item_vectors(job(tokenizer="store", seed="2"))
    assert found == ["results/encoders/mind/dense-opt-seed2.npy"]
    assert stages(raw).item_vectors(job(tokenizer="store-rqvae", seed="2")) == ["results/encoders/mind/opt-states.npy"]
    assert stages(raw).seeded_options(job(encoder="dense-opt", seed="2"))["seed"] == 2
