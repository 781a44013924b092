"""What the jobs of the stages before the papers read, without Snakemake."""

import re

import pytest

from semtok.config.base import Resources
from semtok.config.encoders import TfidfEncoder
from semtok.config.language_models import CorpusModel
from semtok.config.over_codes import TIGER
from semtok.errors import ConfigError
from semtok.plan.paths import Paths
from semtok.run import records
from support.planned import job, stages
from support.project import ROOT

RULES = "".join(path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk"))


def reversed_keys(value):
    return {key: reversed_keys(value[key]) for key in reversed(value)} if isinstance(value, dict) else value


def test_raw_files_of_every_source(raw):
    assert stages(raw).raw_files(job()) == ["results/raw/synthetic/mind"]
    raw["source"] = "official"
    assert stages(raw).raw_files(job()) == ["results/raw/official/mind/MINDsmall_train.zip"]
    assert stages(raw).url("mind/MINDsmall_train.zip").startswith("https://")
    raw |= {"source": "mirror", "mirror": "elsewhere"}
    assert stages(raw).raw_files(job()) == ["elsewhere/mind/MINDsmall_train.zip"]
    assert stages(raw).image_folder(job()) == "elsewhere"
    assert stages(raw).drawn_pictures(job()) == []


def test_every_path_lies_in_the_results_of_the_config(raw):
    patterns = vars(Paths("results/mine")).values()
    assert all(pattern.startswith("results/mine") for pattern in patterns)
    assert stages(raw, "results/mine").codes(job(tokenizer="cost", recommender="tiger")).startswith("results/mine/")


def test_jobs_log_and_tell_of_themselves_where_the_plan_has_it():
    paths = Paths("results/mine")
    assert (paths.logs, paths.records, paths.benchmarks) == tuple(
        f"results/mine/{name}" for name in (records.LOGS, records.RECORDS, records.BENCHMARKS)
    )


def test_vectors_of_a_tokenizer_by_view(raw):
    found = stages(raw).item_vectors(job(tokenizer="simcit", dataset="nyc", seed="2"))
    names = ("als-seed2", "vit-untrained", "graphsage-seed2", "tfidf")
    assert found == [f"results/encoders/nyc/{name}.npy" for name in names]
    assert stages(raw).item_vectors(job(tokenizer="random")) == []


def test_no_order_of_keys_decides_the_space_of_a_diagnosis(raw):
    raw["tokenizers"]["rqvae"] = raw["tokenizers"]["rqvae"] | {"encoder": "minilm"}
    for content in (raw, reversed_keys(raw)):
        assert stages(content).vectors_to_diagnose(job(tokenizer="random")) == "results/encoders/mind/tfidf.npy"
        assert stages(content).vectors_to_diagnose(job(tokenizer="rqvae")) == "results/encoders/mind/minilm.npy"
        assert stages(content).vectors_to_diagnose(job(tokenizer="simcit-spatial")) == (
            "results/encoders/mind/graphsage-seed0.npy"
        )


def test_nothing_is_diagnosed_in_the_space_of_no_tokenizer(raw):
    raw["tokenizers"] = {"random": raw["tokenizers"]["random"]}
    assert stages(raw).vectors_to_diagnose(job(tokenizer="random")) == []


def test_codes_that_are_brought_lie_here_or_in_the_mirror(raw, tmp_path):
    mine = {"method": "external", "path": "codes.json", "keys": "raw"}
    raw["tokenizers"] |= {"mine": mine, "theirs": {**mine, "below": "mirror"}}
    raw["mirror"] = str(tmp_path)
    assert stages(raw).brought_codes(job(tokenizer="mine")) == "codes.json"
    assert stages(raw).brought_codes(job(tokenizer="theirs")) == f"{tmp_path}/codes.json"
    assert stages(raw).brought_codes(job(tokenizer="cost")) == []


def test_a_dataset_without_texts_has_none_to_encode_or_diagnose_by(raw):
    raw["datasets"]["mind"] |= {
        "text_fields": [],
        "filters": {**raw["datasets"]["mind"]["filters"], "without_text": "keep"},
    }
    assert stages(raw).vectors_to_diagnose(job(tokenizer="random")) == []
    assert stages(raw).vectors_to_diagnose(job(tokenizer="random", dataset="nyc")) == "results/encoders/nyc/tfidf.npy"
    with pytest.raises(ConfigError, match=r"datasets\.mind\.text_fields: found nothing.*the text encoder tfidf"):
        stages(raw).text_fields(job(encoder="tfidf"))
    assert stages(raw).text_fields(job(encoder="tfidf", dataset="nyc")) == ["category"]


def test_options_do_not_depend_on_the_order_of_keys(raw):
    for section, name in (("datasets", "mind"), ("tokenizers", "cost+temperature=0.5"), ("recommenders", "tiger")):
        assert str(stages(raw).options(section, name)) == str(stages(reversed_keys(raw)).options(section, name))


def test_a_job_depends_on_its_part_of_the_options(raw):
    assert stages(raw).part("datasets", "mind", "reader", "split") == {
        "reader": "mind",
        "split": {"method": "leave-one-out"},
    }
    assert "decoding" not in stages(raw).apart("recommenders", "tiger", "decoding")
    assert stages(raw).apart("recommenders", "tiger+decoding.beam_size=60", "decoding") == stages(raw).apart(
        "recommenders", "tiger", "decoding"
    )


def test_variants_of_the_decoding_share_a_training_and_its_choices(raw):
    one = stages(raw | {"recommenders": raw["recommenders"] | {"sasrec": chosen_from(raw)}})
    runs = "results/recommenders/mind/cost"
    assert (
        one.model(job(tokenizer="cost", recommender="tiger+decoding.beam_size=60"))
        == f"{runs}/tiger/0/model.safetensors"
    )
    other = "tiger+collisions=expand+decoding.beam_size=60"
    assert one.model(job(tokenizer="cost", recommender=other)) == f"{runs}/tiger+collisions=expand/0/model.safetensors"
    run = job(tokenizer="ids", recommender="sasrec+decoding.top=20")
    assert one.choice(run) == "results/recommenders/mind/ids/sasrec/choice.json"
    assert one.recommender_options("training")(run)["choose"] == one.choice(run)


def chosen_from(raw):
    return {**raw["recommenders"]["sasrec"], "choose": {"training.learning_rate": [0.001, 0.003]}}


def test_codes_and_ids_are_not_mixed_up(raw):
    one = stages(raw)
    assert one.codes(job(tokenizer="ids", recommender="sasrec")) == []
    assert one.codes(job(tokenizer="cost", recommender="tiger")) == "results/tokenizers/mind/cost/0/codes.npy"
    for tokenizer, recommender in (("ids", "tiger"), ("cost", "sasrec")):
        with pytest.raises(ConfigError, match=f"found {tokenizer}/{recommender}"):
            one.codes(job(tokenizer=tokenizer, recommender=recommender))


def test_a_choice_stands_between_the_trials_and_the_runs(raw):
    plain, run = stages(raw), job(tokenizer="ids", recommender="sasrec")
    before = plain.recommender_options("decoding")(run)
    assert plain.choice(run) == []
    assert before == {
        k: v for k, v in plain.options("recommenders", "sasrec").items() if k not in ("choose", "decoding")
    }

    raw["recommenders"]["sasrec"]["choose"] = {"training.learning_rate": [0.001, 0.01], "model.dropout": [0.2, 0.5]}
    one, choice = stages(raw), "results/recommenders/mind/ids/sasrec/choice.json"
    assert one.choice(run) == choice
    trained, decoded = (one.recommender_options(left_out)(run) for left_out in ("decoding", "training"))
    assert trained == before | {
        "choose": choice,
        "model": before["model"] | {"dropout": [0.2, 0.5]},
        "training": before["training"] | {"learning_rate": [0.001, 0.01]},
    }
    assert (decoded["choose"], decoded["model"]) == (choice, trained["model"])
    # The trials are runs like any other, of the first seed, and nothing is chosen for them.
    files = one.histories_of_trials(job(tokenizer="ids", recommender="sasrec", seed="7"))
    assert len(files) == len(one.trials(run)) == 4
    for file, values in zip(files, one.trials(run), strict=True):
        trial = job(tokenizer="ids", recommender=file.split("/")[4], seed="0")
        assert file == one.paths.history.format(**vars(trial))
        assert one.choice(trial) == []
        options = one.recommender_options("decoding")(trial)
        assert options["training"]["learning_rate"] == values["training.learning_rate"]
        assert options["model"]["dropout"] == values["model.dropout"]


def test_a_method_outside_of_the_package_is_digested_by_its_file(raw, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = (ROOT / "docs/extending.md").read_text().split("```python\n")[1].split("```")[0]
    (tmp_path / "narm.py").write_text(code)
    own = {"method": "narm.py", "model": {"embedding_dim": 8, "hidden_dim": 8, "dropout": 0.1}}
    raw["recommenders"]["narm"] = own | {
        part: raw["recommenders"]["sasrec"][part] for part in ("max_items", "training", "decoding")
    }
    run = job(tokenizer="ids", recommender="narm")
    before = [stages(raw).recommender_code(f"{rule}.py", rule)(run) for rule in ("train", "decode")]
    (tmp_path / "narm.py").write_text(code.replace("return decode_over_ids(", "return decode_over_ids(*[], "))
    after = [stages(raw).recommender_code(f"{rule}.py", rule)(run) for rule in ("train", "decode")]
    assert (after[0] == before[0], after[1] == before[1]) == (True, False)


def test_texts_and_the_tokenizers_model_go_to_who_reads_them(raw, monkeypatch):
    run = job(tokenizer="cost", recommender="tiger")
    assert stages(raw).texts(run) == stages(raw).tokenizer_model(run) == []
    assert stages(raw).texts(job(tokenizer="ids", recommender="geosan")) == "results/data/mind/items.parquet"
    monkeypatch.setattr(TIGER, "reads_texts", True)
    monkeypatch.setattr(TIGER, "reads_tokenizer_model", True)
    assert stages(raw).texts(run) == "results/data/mind/items.parquet"
    assert stages(raw).tokenizer_model(run) == "results/tokenizers/mind/cost/0/model.safetensors"


def test_memory_and_minutes_grow_with_the_attempt_and_with_what_the_method_asks_for(raw, monkeypatch):
    run, coded = job(tokenizer="cost", recommender="tiger"), job(tokenizer="cost")
    assert stages(raw).asks("train", "mem_mb", 8000)(run, 2) == 16000
    assert stages(raw).asks("train", "gpus", 1)(run, 2) == 1
    assert stages(raw).asks("tokenize", "minutes", 240)(coded, 1) == 240
    monkeypatch.setattr(TIGER, "resources", {"train": Resources(mem_mb=64000, threads=4)})
    assert stages(raw).asks("train", "mem_mb", 8000)(run, 2) == 128000
    assert stages(raw).asks("train", "threads", 1)(run, 2) == 4
    assert stages(raw).asks("decode", "mem_mb", 8000)(run, 1) == 8000


def test_encoders_and_language_models_ask_for_resources_of_their_own(raw, monkeypatch):
    one = stages(raw)
    asked = {
        "encode_text": (TfidfEncoder, job(encoder="tfidf")),
        "train_language_model": (CorpusModel, job(language_model="opt")),
    }
    for rule, (kind, wildcards) in asked.items():
        assert one.asks(rule, "mem_mb", 8000)(wildcards, 2) == 16000
        monkeypatch.setattr(kind, "resources", {rule: Resources(mem_mb=64000)})
        assert one.asks(rule, "mem_mb", 8000)(wildcards, 2) == 128000
        assert re.search(rf'mem_mb=STAGES.asks\("{rule}", "mem_mb", ', RULES)


def test_shards_in_order(raw):
    raw["datasets"]["mind"]["shards"] = 2
    files = stages(raw).shards("npy")(job(encoder="minilm"))
    assert files == [f"results/encoders/mind/minilm.shards/{number}-of-2.npy" for number in (1, 2)]
    assert stages(raw).large_datasets() == "mind"
    assert "tfidf" not in stages(raw).scattered("text")


def test_item_vectors_of_a_recommender_come_from_its_training(raw):
    assert stages(raw).model_of_items(job(encoder="sasrec-items", dataset="nyc")) == (
        "results/recommenders/nyc/ids/sasrec-32/0/model.safetensors"
    )


def test_every_seed_trains_its_encoders_anew(raw):
    one = stages(raw)
    for encoder in ("als", "graphsage", "checkins", "sasrec-items"):
        options = [one.seeded_options(job(encoder=encoder, seed=seed)) for seed in ("0", "2")]
        assert options[0] == one.options("encoders", encoder)
        assert options[1] == options[0] | {"seed": options[0]["seed"] + 2}
    assert one.model_of_items(job(encoder="sasrec-items", dataset="nyc", seed="2")).endswith(
        "ids/sasrec-32/2/model.safetensors"
    )
    assert {name for name, entry in one.config.encoders.items() if entry.seeded} == {
        *("als", "graphsage", "graphsage-small", "checkins", "sasrec-items", "dense-opt")
    }


def test_pictures_must_come_from_somewhere(raw):
    with pytest.raises(ConfigError, match=r"datasets\.mind\.images: found nothing"):
        stages(raw).image_options(job())
