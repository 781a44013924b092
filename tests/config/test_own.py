"""A method of one's own: the class that its entry is checked by, and the module that its job imports."""

import os
import re
from importlib import import_module

import pytest
import yaml

from semtok.config.load import read_config
from semtok.config.recommenders import without
from semtok.config.tokenizers import encoders_of
from semtok.errors import ConfigError
from semtok.plan.check import check
from semtok.plan.paths import Paths
from semtok.plan.stages import Stages
from semtok.tokenizers import train
from support.project import ROOT

FILE = """from __future__ import annotations

from semtok.config.recommender_options import FullRankingOptions, OwnRecommender, TrainingOptions


class Options(OwnRecommender):
    reads_ids = True
    ranked_by = "top"

    width: int
    training: TrainingOptions
    decoding: FullRankingOptions


def train(task, checkpoint, identity):
    return "trained"


def decode(task, weights):
    return "ranked"
"""


@pytest.fixture
def entry(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "mine.py").write_text(FILE)
    sasrec = yaml.safe_load((ROOT / "config/config.yaml").read_text())["recommenders"]["sasrec"]
    return {"method": "own/mine.py", "width": 7, **{part: sasrec[part] for part in ("training", "decoding")}}


def config_with(entry):
    raw = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    raw["recommenders"]["mine"] = entry
    return read_config(raw)


def test_one_in_a_language_model_is_made_by_the_rules_that_have_one(entry, tmp_path):
    text = FILE.replace("    width: int", "    reads_language_model = True\n    language_model: str\n    width: int")
    (tmp_path / "own/mine.py").write_text(text)
    config, mistakes = config_with(entry | {"language_model": "opt"})
    assert mistakes == []
    pattern = Stages(config, Paths(), ROOT).in_language_models()
    assert re.fullmatch(pattern, "mine")
    assert re.fullmatch(pattern, "mine+width=8")


def test_one_in_a_language_model_names_it(entry, tmp_path):
    text = FILE.replace("    width: int", "    reads_language_model = True\n    width: int")
    (tmp_path / "own/mine.py").write_text(text)
    _, (mistake,) = config_with(entry)
    assert "expected an option language_model in its class Options" in mistake
    (tmp_path / "own/mine.py").write_text(text.replace("    width", "    language_model: str\n    width"))
    os.utime(tmp_path / "own/mine.py", ns=(1, 1))
    raw = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    raw["recommenders"]["mine"] = entry | {"language_model": "opd"}
    with pytest.raises(ConfigError, match=r"recommenders\.mine\.language_model: found opd; expected an entry"):
        check(raw, ROOT / "config/papers")


def test_an_entry_has_the_options_of_its_file(entry):
    config, mistakes = config_with(entry)
    assert mistakes == []
    assert config.recommenders["mine"].n_ranked == 50
    # What reaches a job, with the options that only the file knows of.
    assert config.model_dump(mode="json")["recommenders"]["mine"] == entry | {"choose": None}


@pytest.mark.parametrize(
    ("changed", "mistake"),
    [
        ({"width": "seven"}, "recommenders.mine.width: found 'seven'; expected a valid integer"),
        ({"height": 1}, "recommenders.mine.height: unknown key"),
        ({"method": "mine.py"}, "recommenders.mine.method: found 'mine.py'; expected the path of a Python file"),
        ({"method": "mine"}, "recommenders.mine.method: found 'mine'; expected a known method"),
    ],
)
def test_mistakes_are_told_as_those_of_other_methods(entry, changed, mistake):
    config, mistakes = config_with(entry | changed)
    assert config is None
    assert len(mistakes) == 1
    assert mistakes[0].startswith(mistake)


def test_a_job_finds_the_module(entry, tmp_path):
    options = without("decoding", {key: value for key, value in entry.items() if key != "decoding"})
    assert (options.width, options.decoding) == (7, None)
    assert import_module(options.module).train(None, None, None) == "trained"
    # As it is now, not as it was first read.
    (tmp_path / "own/mine.py").write_text(FILE.replace("trained", "trained otherwise"))
    os.utime(tmp_path / "own/mine.py", ns=(1, 1))
    options = without("decoding", {key: value for key, value in entry.items() if key != "decoding"})
    assert import_module(options.module).train(None, None, None) == "trained otherwise"


TOKENIZER = """from semtok.config.tokenizer_options import EncoderName, OwnTokenizer
from semtok.tokenizers.base import Tokens


class Options(OwnTokenizer):
    encoder: EncoderName
    width: int


def tokenize(task):
    return Tokens(task.options.width)
"""


@pytest.mark.parametrize(
    ("changed", "mistake"),
    [
        ({}, ""),
        ({"encoder": "tfdif"}, "tokenizers.mine.encoder: found 'tfdif'; expected an entry of encoders; did you mean"),
        ({"width": "seven"}, "tokenizers.mine.width: found 'seven'; expected a valid integer"),
        ({"method": "none.py"}, "tokenizers.mine.method: found 'none.py'; expected the path of a Python file"),
        ({"method": "own/mine.py"}, "tokenizers.mine.method: found 'own/mine.py'; expected one class in it"),
    ],
)
def test_a_tokenizer_of_ones_own(entry, tmp_path, changed, mistake):
    (tmp_path / "codes.py").write_text(TOKENIZER)
    raw = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    options = {"method": "codes.py", "encoder": "tfidf", "width": 7} | changed
    config, mistakes = read_config(raw | {"tokenizers": raw["tokenizers"] | {"mine": options}})
    if mistake:
        assert [found[: len(mistake)] for found in mistakes] == [mistake]
        return
    assert mistakes == []
    assert config.model_dump(mode="json")["tokenizers"]["mine"] == options
    assert encoders_of(options) == {"encoder": "tfidf"}
    assert train.tokenize(config.tokenizers["mine"], "items.parquet", {}, seed=0).codes == 7
