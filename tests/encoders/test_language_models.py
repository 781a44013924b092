"""Training a language model on items' texts, writing and loading it, and its states."""

import json
import math
import pickle

import numpy as np
import pytest
import torch

from semtok.config.language_models import CorpusModel, FolderModel, HubModel
from semtok.encoders.attributes import encoded, held_out
from semtok.encoders.corpus_language_model import LanguageModelTraining, train_language_model
from semtok.encoders.language_models import load, write_language_model
from semtok.encoders.language_states import encode, standardized
from semtok.errors import ConfigError
from support.language import ATTRIBUTES, CORPUS, corpus_options, items, states_options, untrained

FILES = ("config.json", "model.safetensors", "tokenizer.json")


@pytest.fixture(autouse=True)
def _processor(monkeypatch):
    monkeypatch.setenv("SEMTOK_DEVICE", "cpu")
    monkeypatch.setenv("SEMTOK_DTYPE", "float32")
    monkeypatch.setenv("SEMTOK_CHECKPOINT_SECONDS", "0")


@pytest.fixture
def folder(tmp_path):
    """A model on disk, and how to load it."""
    write_language_model(untrained(items()), *(tmp_path / file for file in FILES))
    return tmp_path, lambda: load(FolderModel(source="folder", path=str(tmp_path)), [tmp_path / file for file in FILES])


def test_it_learns_texts_and_tells_how_well():
    frame = items(120)
    model, history, facts = train_language_model(corpus_options(epochs=6), frame, ATTRIBUTES, None, "")
    assert history[-1]["held_out_loss"] < history[0]["held_out_loss"] < math.log(facts["vocabulary"])
    assert facts["items_held_out"] == 12
    assert facts["held_out_perplexity"] == math.exp(min(row["held_out_loss"] for row in history))
    assert not model.network.training


def test_nothing_is_learned_of_held_out_items():
    frame = items()
    changed = frame.copy()
    changed.loc[held_out(60, 0.1), "title"] = "another one"
    # One epoch, since those items may choose among several.
    first, second = (
        train_language_model(corpus_options(epochs=1), one, ATTRIBUTES, None, "")[0] for one in (frame, changed)
    )
    assert first.vocabulary.to_str() == second.vocabulary.to_str()
    weights = zip(first.network.parameters(), second.network.parameters(), strict=True)
    assert all(torch.equal(mine, theirs) for mine, theirs in weights)


def test_a_stopped_training_goes_on_to_the_same_weights(tmp_path, monkeypatch):
    frame = items()
    options = corpus_options(batch_size=2)
    whole, history, _ = train_language_model(options, frame, ATTRIBUTES, None, "")

    class KilledError(Exception):
        pass

    backward, steps = LanguageModelTraining.backward, []

    def killed(self, batch, progress):
        steps.append(progress.step)
        if len(steps) == 13:
            raise KilledError
        return backward(self, batch, progress)

    checkpoint = tmp_path / "checkpoint.pt"
    monkeypatch.setattr(LanguageModelTraining, "backward", killed)
    with pytest.raises(KilledError):
        train_language_model(options, frame, ATTRIBUTES, checkpoint, "same")
    monkeypatch.setattr(LanguageModelTraining, "backward", backward)
    torch.manual_seed(99)
    resumed, rest, _ = train_language_model(options, frame, ATTRIBUTES, checkpoint, "same")
    assert rest == history
    mine, theirs = (model.network.state_dict() for model in (whole, resumed))
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)


def test_a_model_comes_back_from_disk(folder):
    _, loaded = folder
    model, again = untrained(items()), loaded()
    tokens = torch.tensor([[2, 40, 41, 42]])
    with torch.no_grad():
        assert torch.equal(model.network(input_ids=tokens).logits, again.network(input_ids=tokens).logits)
    assert again.vocabulary.to_str() == model.vocabulary.to_str()
    assert (again.start, again.max_positions) == (2, 64)


def test_a_published_model_is_loaded_by_its_name_with_its_own_tokens(folder):
    # transformers takes a folder where a name of the hub may stand.
    path, loaded = folder
    special = {"bos_token": "</s>", "eos_token": "</s>", "unk_token": "</s>", "pad_token": "<pad>"}  # as OPT's
    (path / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "GPT2Tokenizer", **special}))
    here, published = loaded(), load(HubModel(source="hub", model=str(path), revision=None), [])
    texts = [" title: choir horn", " abstract: a soup"]
    assert encoded(published.vocabulary, texts) == encoded(here.vocabulary, texts)
    tokens = torch.tensor([[2, 40, 41, 42]])
    with torch.no_grad():
        assert torch.equal(published.network(input_ids=tokens).logits, here.network(input_ids=tokens).logits)


def test_weights_that_are_pickled_are_not_read(folder):
    path, loaded = folder
    (path / "model.safetensors").unlink()

    class Code:
        def __reduce__(self):
            return (path / "touched").touch, ()

    (path / "pytorch_model.bin").write_bytes(pickle.dumps(Code()))
    with pytest.raises(ConfigError, match=r"expected an OPT with config\.json, model\.safetensors"):
        loaded()
    assert not (path / "touched").exists()


def test_another_kind_of_model_is_refused(folder):
    path, loaded = folder
    (path / "config.json").write_text(json.dumps({"model_type": "gpt2"}))
    with pytest.raises(ConfigError, match=r"path: .* cannot be loaded \(found a model of type 'gpt2'\)"):
        loaded()


@pytest.mark.parametrize("changed", [{"n_heads": 3}, {"window": 65}])
def test_options_that_do_not_fit_together(changed):
    with pytest.raises(ValueError, match=r"n_heads that divide|window at most"):
        CorpusModel(**{**CORPUS, **changed})


@pytest.mark.parametrize("state", ["last", "mean"])
def test_states_are_those_of_each_text_alone(state):
    frame = items()
    together, facts = encode(states_options(state=state), untrained(frame), frame, ATTRIBUTES)
    alone, _ = encode(states_options(state=state, batch_size=1), untrained(frame), frame, ATTRIBUTES)
    assert (together.dtype, together.shape) == (np.float32, (60, 32))
    assert set(np.flatnonzero(np.isnan(together).any(axis=1))) == {5, 6}
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert facts["items_without_content"] == 2
    model = untrained(frame)
    decoder = model.network.model.decoder
    decoder.project_out = None
    text = f" title: {frame['title'][0]}"
    tokens = torch.tensor([[2, *model.vocabulary.encode(text, add_special_tokens=False).ids]])
    with torch.no_grad():
        states = decoder(input_ids=tokens).last_hidden_state[0]
    expected = states[-1] if state == "last" else states.mean(dim=0)
    np.testing.assert_allclose(together[0], expected, atol=1e-5)


def test_standardized_states_have_no_mean_and_norms_of_about_one():
    frame = items()
    plain, facts = encode(states_options(), untrained(frame), frame, ATTRIBUTES)
    found, same_facts = encode(states_options(standardize=True), untrained(frame), frame, ATTRIBUTES)
    assert facts == same_facts
    np.testing.assert_allclose(np.nanmean(found, axis=0), 0, atol=1e-6)
    assert np.nanmean(np.square(found).sum(axis=1)) == pytest.approx(1)
    assert set(np.flatnonzero(np.isnan(found).any(axis=1))) == {5, 6}
    difference = (plain[0] - plain[1]) / (found[0] - found[1])
    np.testing.assert_allclose(difference, difference[0], rtol=1e-3)
    assert (standardized(np.ones((3, 2), dtype=np.float32)) == 0).all()


def test_a_sequence_that_is_too_long_is_told():
    frame = items()
    with pytest.raises(ConfigError, match=r"max_tokens: 12 .* the 8 positions"):
        encode(states_options(), untrained(frame, max_position_embeddings=8), frame, ATTRIBUTES)
