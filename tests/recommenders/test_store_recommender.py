"""STORE's recommender: alignment in turn with recommendation, where its weights come from, and what it learns."""

from itertools import chain

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import save_file

from semtok.config.language_models import FolderModel
from semtok.encoders.dense_training import DenseTraining
from semtok.encoders.language_models import load
from semtok.errors import ConfigError
from semtok.recommenders import aligned, store
from semtok.recommenders.aligned import AlignedTrainer
from semtok.recommenders.language_codes import item_tokens
from semtok.recommenders.prefixes import EveryTarget
from semtok.recommenders.text_tasks import TO_CODES, TO_TEXT, ItemTexts, Joined, TextTask
from semtok.recommenders.training import TrainingSamples, Validation, make_optimizer
from semtok.recommenders.vocabulary import N_SPECIALS
from support.in_language_models import store_options, task_in
from support.language import ATTRIBUTES, dense_options, items


class Counted(TrainingSamples):
    """Samples that only note which rows they were asked for."""

    def __init__(self, model, size):
        self.model, self.size, self.calls = model, size, []

    def __len__(self):
        return self.size

    def predictions(self, rows):
        return len(rows)

    def backward(self, rows, n_predictions):
        self.calls.append(rows.tolist())
        loss = self.model.head.weight.square().mean()
        (loss / n_predictions).backward()
        return loss.detach()


@pytest.fixture
def built(tmp_path, codes, world):
    task = task_in(tmp_path, store_options(), world, codes)
    return task, store.build(task, item_tokens(task).vocabulary.size)


def trainer(model, recalls, **options):
    """A training whose validations find these recalls, and what its two kinds of samples were asked for."""
    found = iter(recalls)
    kinds = Counted(model, 20), Counted(model, 12)
    chosen = store_options(**options).training
    validation = Validation(lambda: (next(found), 0.0))
    return AlignedTrainer(model, chosen, *kinds, validation, 0, "none", "one"), kinds


def test_alignment_comes_before_each_epoch_until_it_no_longer_helps(built, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    recalls = [0.1, 0.3, 0.2, 0.25, 0.4, 0.3, 0.3, 0.9]
    training, (alignment, recommendation) = trainer(built[1], recalls, patience=2, epochs=8)
    _, history = training.run()
    # Two that are no better end the alignment, and two more the training.
    assert history["aligned"].tolist() == [True] * 4 + [False] * 3
    assert len(history) == 7
    assert len(alignment.calls) == 4 * 3
    assert len(recommendation.calls) == 7 * 2
    for epoch in range(4):
        assert sorted(chain(*alignment.calls[3 * epoch : 3 * epoch + 3])) == list(range(20))
    assert sorted(chain(*recommendation.calls[:2])) == list(range(12))
    assert history["steps"].tolist() == [5, 10, 15, 20, 22, 24, 26]


def test_alignment_of_some_items_and_without_patience(built, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    training, (alignment, _) = trainer(built[1], [0.3, 0.2, 0.1], alignment_items=5, epochs=3)
    _, history = training.run()
    assert history["aligned"].all()
    assert [len(rows) for rows in alignment.calls] == [5, 5, 5]
    assert len({tuple(rows) for rows in alignment.calls}) == 3


class KilledError(Exception):
    pass


@pytest.mark.parametrize("after", [4, 8])
def test_a_killed_training_resumes_in_its_phase(built, tmp_path, monkeypatch, after):
    """In the alignment, and after it has ended: the same history and weights."""
    monkeypatch.setenv("SEMTOK_CHECKPOINT_SECONDS", "0")
    task = built[0]
    recalls = {1: 0.5, 2: 0.4, 3: 0.6, 4: 0.1}

    def run(name, kill):
        calls = 0

        class Told(AlignedTrainer):
            def row(self, progress, losses):
                self.validation = Validation(lambda: (recalls[progress.epoch], 0.0))
                return super().row(progress, losses)

            def backward(self, batch, progress):
                nonlocal calls
                calls += 1
                if kill and calls > after:
                    raise KilledError
                return super().backward(batch, progress)

        monkeypatch.setattr(aligned, "AlignedTrainer", Told)
        return store.train(task, tmp_path / name, "one")

    options = store_options(patience=1, epochs=4, batch_size=16, lora_dropout=0.2)
    object.__setattr__(task, "options", options)
    weights, history = run("whole", False)
    assert history["aligned"].tolist() == [True, True, False, False]
    with pytest.raises(KilledError):
        run("killed", True)
    again, history_again = run("killed", False)
    pd.testing.assert_frame_equal(history, history_again)
    assert all(torch.equal(weights[name], again[name]) for name in weights)


def test_alignment_writes_the_codes_of_a_text(built, tmp_path, monkeypatch):
    """And not the text of codes, which is a task of LC-Rec."""
    task, made = built[0], []

    class Kept(AlignedTrainer):
        def __init__(self, model, options, alignment, recommendation, *rest):
            made.append((alignment, recommendation))
            super().__init__(model, options, alignment, recommendation, *rest)

    monkeypatch.setattr(aligned, "AlignedTrainer", Kept)
    object.__setattr__(task, "options", store_options(epochs=1))
    store.train(task, tmp_path / "checkpoint", "one")
    ((alignment, recommendation),) = made
    assert isinstance(alignment, TextTask)
    assert alignment.task == TO_CODES
    assert isinstance(recommendation, EveryTarget)


def test_a_text_asks_for_the_codes_of_its_item(built):
    task, model = built
    catalogue = item_tokens(task)
    texts = ItemTexts.of(model, task.texts(model.vocabulary), catalogue)
    assert len(texts.texts) == 38, "two items have no text"
    having = [item for item in range(40) if item not in (5, 6)]
    asked: list[list[int]] = []
    for name in ("symbol_losses", "word_losses"):

        def spy(prompts, name=name):
            asked.extend(row[flags].tolist() for row, flags in zip(prompts.ids, prompts.asked, strict=True))
            return getattr(type(model), name)(model, prompts)

        object.__setattr__(model, name, spy)
    for kind, answers in ((TO_CODES, texts.codes), (TO_TEXT, texts.texts)):
        loss = TextTask(texts, kind).backward(np.array([0, 7, 30]), 3)
        assert sorted(asked) == sorted(answers[row] for row in (0, 7, 30))
        assert float(loss) > 0
        asked.clear()
    codes = torch.tensor(texts.codes[30]) - model.n_words + N_SPECIALS
    assert codes.tolist() == catalogue.tokens[having[30]].tolist()


def test_kinds_of_samples_are_numbered_one_after_the_other(built):
    first, second = Counted(built[1], 3), Counted(built[1], 4)
    joined = Joined([first, second])
    assert len(joined) == 7
    assert joined.predictions(np.array([0, 6, 2])) == 3
    joined.backward(np.array([6, 0, 3]), 3)
    assert (first.calls, second.calls) == ([[0]], [[3, 0]])


@torch.no_grad()
def test_shared_weights_are_those_that_the_dense_tokenizer_has_learned(tmp_path, codes, world):
    """The merged model reads an item as the dense tokenizer does."""
    task = task_in(tmp_path, store_options(), world, codes)
    frame, options = items(), dense_options()
    model = load(FolderModel(source="folder", path=str(tmp_path)), task.files)
    dense = DenseTraining(options, model, frame, ATTRIBUTES).model.eval()
    for name, weight in dense.named_parameters():
        if "lora" in name:
            weight.normal_(std=0.3)
    save_file(dense.state_dict(), tmp_path / "dense.safetensors")
    object.__setattr__(task, "dense", options.model_dump())
    object.__setattr__(task, "dense_model", str(tmp_path / "dense.safetensors"))
    merged = task.load().network.model.decoder.eval()
    ids = torch.arange(5, 30)[None]
    own = load(FolderModel(source="folder", path=str(tmp_path)), task.files).network.model.decoder.eval()
    states = dense.narrow(dense.decoder(input_ids=ids).last_hidden_state)
    torch.testing.assert_close(merged(input_ids=ids).last_hidden_state, states, atol=1e-4, rtol=1e-4)
    assert (own(input_ids=ids).last_hidden_state - states).abs().max() > 0.1


def test_codes_begin_at_the_centroids_of_their_clusters(tmp_path, codes, world):
    task = task_in(tmp_path, store_options(code_embeddings="centroids"), world, codes)
    generator = torch.Generator().manual_seed(0)
    state = {
        "centroids": torch.randn(2, 5, 3, generator=generator),
        "components": torch.randn(2, 3, 32, generator=generator),
        "means": torch.randn(2, 32, generator=generator),
    }
    save_file(state, tmp_path / "tokenizer.safetensors")
    object.__setattr__(task, "tokenizer_model", str(tmp_path / "tokenizer.safetensors"))
    vocabulary = item_tokens(task).vocabulary
    model = store.build(task, vocabulary.size)
    assert vocabulary.level_sizes[:2] == (4, 4)
    centroid = state["centroids"][1, 2] @ state["components"][1] + state["means"][1]
    expected = model.decoder.project_out(centroid)
    torch.testing.assert_close(model.symbols.weight[4 + 2], expected)
    assert model.symbols.weight[8:].std() < 1, "the suffix's are random"
    save_file({"centroids": state["centroids"]}, tmp_path / "tokenizer.safetensors")
    with pytest.raises(ConfigError, match=r"code_embeddings: centroids need a tokenizer .* 32 dimensions"):
        store.build(task, vocabulary.size)


def test_prompts_that_are_too_long_are_refused(tmp_path, codes, world):
    task = task_in(tmp_path, store_options(max_items=50), world, codes)
    with pytest.raises(ConfigError, match=r"max_items: 50 items of 3 codes .* at most the 160 positions"):
        store.build(task, item_tokens(task).vocabulary.size)


def test_the_optimizer_is_given_what_is_trained_alone(built):
    """Frozen weights would be decayed by several processes, which give every weight that it has a gradient."""
    model = built[1]
    groups = make_optimizer(model, store_options().training).param_groups
    given = {id(weight) for group in groups for weight in group["params"]}
    assert given == {id(weight) for name, weight in model.named_parameters() if name in model.trained}
