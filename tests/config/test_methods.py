"""Every options class says where its method is, and what is true of it."""

from importlib import import_module
from typing import get_args

import pytest
import yaml
from pydantic import ValidationError

from semtok.config.base import Method, Resources
from semtok.config.encoders import EncoderEntry, Graph
from semtok.config.recommenders import methods, without
from semtok.config.tokenizers import TokenizerClass
from support.project import ROOT

FUNCTIONS = {
    "text": "encode_texts",
    "image": "encode_images",
    "collaborative": "encode",
    "spatial": "encode_nodes",
    "recommender": "encode",
    "language": "encode",
    "dense": "encode",
}


def classes(union):
    return get_args(get_args(union)[0])


@pytest.fixture(scope="module")
def entries():
    return yaml.safe_load((ROOT / "config" / "config.yaml").read_text())


@pytest.mark.parametrize("kind", get_args(TokenizerClass))
def test_tokenizers(kind):
    assert callable(import_module(kind.module).tokenize)


@pytest.mark.parametrize("kind", classes(EncoderEntry))
def test_encoders(kind):
    assert kind.modality in FUNCTIONS
    assert import_module(kind.module)


@pytest.mark.parametrize("kind", classes(Graph))
def test_graphs(kind):
    assert callable(import_module(kind.module).build)


@pytest.mark.parametrize("kind", methods().values())
def test_recommenders(kind):
    assert callable(import_module(kind.module).train)
    assert callable(import_module(kind.module).decode)
    assert kind.ranked_by in kind.model_fields["decoding"].annotation.model_fields


@pytest.mark.parametrize("method", methods())
@pytest.mark.parametrize(("absent", "present"), [("decoding", "training"), ("training", "decoding")])
def test_a_job_that_lacks_a_section_is_typed_and_checked(entries, method, absent, present):
    options = next(entry for entry in entries["recommenders"].values() if entry["method"] == method)
    with pytest.raises(ValidationError):
        without(absent, options)
    found = without(absent, {key: value for key, value in options.items() if key != absent})
    assert isinstance(found, methods()[method])
    assert getattr(found, absent) is None
    assert getattr(found, present).batch_size == options[present]["batch_size"]


def test_a_method_may_need_more_than_its_rule_asks_for():
    class Large(Method):
        resources = {"train": Resources(mem_mb=64000, gpus=0)}  # noqa: RUF012

    assert [Large().asks("train", name, 1) for name in ("threads", "mem_mb", "gpus")] == [1, 64000, 0]
    assert Large().asks("decode", "mem_mb", 8000) == 8000
