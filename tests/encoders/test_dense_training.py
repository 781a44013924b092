"""The dense tokenizer learns to put an item into its dense tokens, stops in time and resumes."""

import numpy as np
import pandas as pd
import pytest
import torch

from semtok.config.data import Attributes
from semtok.encoders.attributes import held_out
from semtok.encoders.corpus_language_model import train_language_model
from semtok.encoders.dense_training import DenseTraining, encode
from semtok.errors import ConfigError, DataError
from support.language import ATTRIBUTES, corpus_options, dense_options, items, untrained


@pytest.fixture(autouse=True)
def _processor(monkeypatch):
    monkeypatch.setenv("SEMTOK_DEVICE", "cpu")
    monkeypatch.setenv("SEMTOK_DTYPE", "float32")
    monkeypatch.setenv("SEMTOK_CHECKPOINT_SECONDS", "0")


def test_dense_tokens_tell_the_attributes_of_items_that_were_not_learned_from():
    frame = items(240)
    grown = corpus_options(hidden_dim=32, inner_dim=64, epochs=30, dropout=0.0)
    model, _, _ = train_language_model(grown, frame, ATTRIBUTES, None, "")
    dense = encode(dense_options(epochs=20, learning_rate=0.01, lora_rank=16), model, frame, ATTRIBUTES)
    assert (dense.vectors.dtype, dense.vectors.shape) == (np.float32, (240, 2 * 32))
    assert set(np.flatnonzero(np.isnan(dense.vectors).any(axis=1))) == {5, 6}
    assert dense.facts["items_without_content"] == 2
    answers = dense.facts["held_out_answers"]
    assert {field: row["task"] for field, row in answers.items()} == {
        "title": "reconstruction",
        "abstract": "reconstruction",
        "category": "generation",
    }
    asked = np.setdiff1d(np.flatnonzero(held_out(240, 0.1)), [5, 6])
    assert answers["category"]["answers"] == len(frame["category"].iloc[asked].dropna())
    assert answers["abstract"]["answers"] == len(frame["abstract"].iloc[asked].dropna())
    # The theme is in the title, and a third of the items have each.
    assert answers["category"]["accuracy"] > 0.9
    assert answers["category"]["accuracy_of_another_item"] < 0.6
    assert answers["title"]["accuracy"] > answers["title"]["accuracy_of_another_item"]
    losses = [row["held_out_loss"] for row in dense.history]
    assert dense.facts["epoch"] == 1 + int(np.argmin(losses))


def test_padding_changes_no_vector():
    frame = items()
    together, alone = (
        DenseTraining(dense_options(batch_size=size), untrained(frame), frame, ATTRIBUTES).vectors() for size in (60, 1)
    )
    np.testing.assert_allclose(together, alone, atol=1e-4)


def test_answers_are_all_attributes_and_their_values_without_the_names():
    frame = items()
    training = DenseTraining(dense_options(), untrained(frame), frame, ATTRIBUTES)
    vocabulary = untrained(frame).vocabulary
    asked = training.ask(np.array([0, 1]))
    expected = [(0, "title"), (0, "category"), (1, "title"), (1, "abstract"), (1, "category")]
    fields = [training.tokens.fields[task] for task in asked.task]
    assert list(zip(asked.row.tolist(), fields, strict=True)) == expected
    answers = [tokens[real][1:] for tokens, real in zip(asked.tokens, asked.mask, strict=True)]
    texts = [vocabulary.decode(answer.tolist()) for answer in answers]
    assert texts == [f" {field}: {frame[field][item]}" for item, field in expected]
    values = vocabulary.decode(asked.words[asked.is_value].tolist())
    assert values == "".join(f" {frame[field][item]}" for item, field in expected)


def test_a_stopped_training_goes_on_to_the_same_vectors(tmp_path, monkeypatch):
    frame = items()
    options = dense_options(epochs=3, batch_size=8)
    whole = encode(options, untrained(frame), frame, ATTRIBUTES)

    class KilledError(Exception):
        pass

    backward, steps = DenseTraining.backward, []

    def killed(self, batch, progress):
        steps.append(progress.step)
        if len(steps) == 10:
            raise KilledError
        return backward(self, batch, progress)

    checkpoint = tmp_path / "checkpoint.pt"
    monkeypatch.setattr(DenseTraining, "backward", killed)
    with pytest.raises(KilledError):
        encode(options, untrained(frame), frame, ATTRIBUTES, checkpoint, "same")
    monkeypatch.setattr(DenseTraining, "backward", backward)
    torch.manual_seed(99)
    resumed = encode(options, untrained(frame), frame, ATTRIBUTES, checkpoint, "same")
    assert np.array_equal(resumed.vectors, whole.vectors, equal_nan=True)
    assert resumed.history == whole.history
    assert checkpoint.stat().st_size < 200_000  # the language model is not in it


def test_patience_ends_a_training_that_learns_nothing_more(monkeypatch):
    frame = items()
    monkeypatch.setattr(DenseTraining, "score", lambda self, row: (-float(row["epoch"]),))
    dense = encode(dense_options(epochs=9, patience=2), untrained(frame), frame, ATTRIBUTES)
    assert len(dense.history) == 3
    assert dense.facts["epoch"] == 1


def test_what_does_not_fit_is_told():
    frame = items()
    with pytest.raises(ConfigError, match=r"max_tokens: 12 .* the 8 positions of the language model opt"):
        DenseTraining(dense_options(), untrained(frame, max_position_embeddings=8), frame, ATTRIBUTES)
    frame[["title", "abstract"]] = pd.NA
    with pytest.raises(DataError, match="0 with content to learn from"):
        DenseTraining(dense_options(), untrained(items()), frame, Attributes(content=["title"]))
