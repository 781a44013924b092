"""A small BERT of a catalogue's own texts: its tokens, what is masked, its training, and its files."""

import math
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import torch

import semtok
from semtok.config.language_models import FolderModel
from semtok.encoders.attributes import encoded
from semtok.encoders.corpus_bert import ANSWERS, SPECIAL, MaskedLanguageModelTraining, masked, word_piece
from semtok.encoders.corpus_language_model import train_language_model
from semtok.encoders.language_models import load, load_masked, write_language_model
from semtok.errors import ConfigError
from support.language import ATTRIBUTES, corpus_options, items, untrained, untrained_bert

FILES = ("config.json", "model.safetensors", "tokenizer.json")


@pytest.fixture(autouse=True)
def _processor(monkeypatch):
    monkeypatch.setenv("SEMTOK_DEVICE", "cpu")
    monkeypatch.setenv("SEMTOK_DTYPE", "float32")
    monkeypatch.setenv("SEMTOK_CHECKPOINT_SECONDS", "0")


def test_tokens_are_words_and_pieces_without_capitals():
    vocabulary = word_piece(items(), 320)
    assert vocabulary.get_vocab_size() <= 320
    assert [vocabulary.id_to_token(number) for number in range(5)] == SPECIAL
    assert encoded(vocabulary, ["Bread"]) == encoded(vocabulary, ["bread"])
    assert vocabulary.encode("bread", add_special_tokens=False).tokens == ["bread"]
    assert [vocabulary.encode(word, add_special_tokens=False).tokens for word in ANSWERS] == [["yes"], ["no"]]
    # No English word is unknown, whatever the texts; what they have not got beyond ASCII is.
    assert "[UNK]" not in vocabulary.encode("Zyx, qwj? 42!", add_special_tokens=False).tokens
    assert "[UNK]" in vocabulary.encode("\u0436", add_special_tokens=False).tokens


def test_texts_beyond_ascii_are_known_as_far_as_they_are_frequent():
    frame = items()
    frame["title"] = "\u0436\u0443\u043a " + frame["title"]
    frame.loc[1, "title"] = "".join(chr(0x4E00 + number) for number in range(200))
    vocabulary = word_piece(frame, 320)
    assert vocabulary.get_vocab_size() <= 320
    assert "[UNK]" not in vocabulary.encode("\u0436\u0443\u043a", add_special_tokens=False).tokens


def test_the_vocabulary_is_the_same_in_every_process():
    """The trainer of the library counts in hash tables, whose order is another one in every process."""
    program = (
        "import sys; sys.path[:0] = sys.argv[1:]; from support.language import items; "
        "from semtok.encoders.corpus_bert import word_piece; print(word_piece(items(), 320).to_str())"
    )
    paths = [str(Path(semtok.__file__).parents[1]), str(Path(__file__).parents[1])]
    found = {word_piece(items(), 320).to_str() for _ in range(3)}
    found |= {
        subprocess.run(
            [sys.executable, "-c", program, *paths], capture_output=True, text=True, check=True
        ).stdout.strip()
    }
    assert len(found) == 1


def test_what_is_masked():
    """15% of the tokens, never a special one; eight of ten are masks, one any token, one as it was."""
    windows = torch.randint(5, 300, (200, 60), generator=torch.Generator().manual_seed(0))
    windows[:, ::10] = 2
    read, asked = masked(windows, 300, torch.Generator().manual_seed(1))
    assert not asked[:, ::10].any()
    assert float(asked[windows >= 5].double().mean()) == pytest.approx(0.15, abs=0.01)
    assert torch.equal(read[~asked], windows[~asked])
    kinds = Counter(
        "mask" if now == 4 else "same" if now == was else "other"
        for now, was in zip(read[asked].tolist(), windows[asked].tolist(), strict=True)
    )
    assert kinds["mask"] / int(asked.sum()) == pytest.approx(0.8, abs=0.03)
    assert kinds["same"] / int(asked.sum()) == pytest.approx(0.1, abs=0.03)
    assert (read[asked & (read != 4)] >= 5).all()


def test_a_short_window_has_at_least_one():
    for seed in range(20):
        _, asked = masked(torch.tensor([[2, 9, 8, 3]]), 20, torch.Generator().manual_seed(seed))
        assert 1 <= int(asked[0, 1:3].sum()) == int(asked.sum())


def test_it_learns_texts_and_tells_how_well():
    options = corpus_options(architecture="bert", epochs=12)
    model, history, facts = train_language_model(options, items(120), ATTRIBUTES, None, "")
    assert history[-1]["held_out_loss"] < history[0]["held_out_loss"] < math.log(facts["vocabulary"])
    assert history[-1]["loss"] < history[0]["loss"]
    assert facts["held_out_perplexity"] == math.exp(min(row["held_out_loss"] for row in history))
    assert not model.network.training


def test_a_stopped_training_goes_on_to_the_same_weights(tmp_path, monkeypatch):
    frame, options = items(), corpus_options(architecture="bert", batch_size=4, epochs=3)
    whole, history, _ = train_language_model(options, frame, ATTRIBUTES, None, "")

    class KilledError(Exception):
        pass

    backward, steps = MaskedLanguageModelTraining.backward, []

    def killed(self, batch, progress):
        steps.append(progress.step)
        if len(steps) == 9:
            raise KilledError
        return backward(self, batch, progress)

    checkpoint = tmp_path / "checkpoint.pt"
    monkeypatch.setattr(MaskedLanguageModelTraining, "backward", killed)
    with pytest.raises(KilledError):
        train_language_model(options, frame, ATTRIBUTES, checkpoint, "same")
    monkeypatch.setattr(MaskedLanguageModelTraining, "backward", backward)
    torch.manual_seed(99)
    resumed, rest, _ = train_language_model(options, frame, ATTRIBUTES, checkpoint, "same")
    assert rest == history
    mine, theirs = (model.network.state_dict() for model in (whole, resumed))
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)


def test_a_model_comes_back_from_disk(tmp_path):
    model = untrained_bert(items())
    write_language_model(model, *(tmp_path / file for file in FILES))
    section = FolderModel(source="folder", path=str(tmp_path), architecture="bert")
    again = load_masked(section, [tmp_path / file for file in FILES])
    tokens = torch.tensor([[2, 40, 41, 4, 3]])
    with torch.no_grad():
        assert torch.equal(model.network(input_ids=tokens).logits, again.network(input_ids=tokens).logits)
    assert again.vocabulary.to_str() == model.vocabulary.to_str()


def test_each_architecture_refuses_the_other(tmp_path):
    for name, model in (("bert", untrained_bert(items())), ("opt", untrained(items()))):
        (tmp_path / name).mkdir()
        write_language_model(model, *(tmp_path / name / file for file in FILES))
    for name, read, expected in (("bert", load, "an OPT"), ("opt", load_masked, "a BERT")):
        section = FolderModel(source="folder", path=str(tmp_path / name))
        with pytest.raises(ConfigError, match=f"found a model of type '{name}'.*expected {expected}"):
            read(section, [tmp_path / name / file for file in FILES])
