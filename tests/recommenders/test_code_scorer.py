"""The scorer over codes: its prompt, loss and score, by hand and against transformers."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from semtok.encoders.attributes import encoded
from semtok.errors import DataError
from semtok.recommenders import code_scorer
from semtok.recommenders.candidate_prompts import WORDINGS
from semtok.recommenders.code_scorer import answer_tokens, build
from semtok.recommenders.vocabulary import N_SPECIALS
from support.language import items, untrained
from support.scorers import code_options, planted, task_in


@pytest.fixture(scope="module")
def world():
    return planted()


@pytest.fixture
def make(tmp_path, world):
    """A network whose LoRA has learned something, its codes and what it is asked."""

    def made(**options):
        chosen = code_options(**options)
        torch.manual_seed(0)
        model, catalogue = build(task_in(tmp_path, chosen, world), chosen.training)
        with torch.no_grad():
            for name, weight in model.named_parameters():
                if weight.requires_grad:
                    torch.nn.init.normal_(weight, std=0.3 if "lora" in name else 0.2)
        return model.eval(), catalogue, model.prompts(chosen)

    return made


def logits(model, row):
    """Of words and codes at each position of a prompt, from transformers' own pass over its embeddings."""
    with torch.no_grad():
        states = model.decoder(inputs_embeds=model.embed(torch.tensor([row]))).last_hidden_state[0]
        return states @ model.decoder.embed_tokens.weight.T, states @ model.head.weight.T


def test_a_prompt_has_codes_for_items_and_words_around_them(make):
    model, catalogue, prompts = make()
    before, between, behind = encoded(model.vocabulary, WORDINGS["click"])
    newline = encoded(model.vocabulary, ["\n"])[0]
    codes = (catalogue.tokens - N_SPECIALS + model.n_words).tolist()
    same, yes, no = answer_tokens(untrained(items(40)))
    expected = [model.text_start, *before, *codes[3], *newline, *codes[4], *newline]
    expected += [*between, *codes[9], *newline, *behind, *same]
    assert prompts.prompt([3, 4], 9) == expected
    assert model.answers.tolist() == [yes, no]
    assert yes != no


def test_the_score_is_the_softmax_of_two_logits_at_the_last_position(make):
    """Whatever else is in the batch."""
    model, _, prompts = make()
    rows = [prompts.prompt(history, 9) for history in ([], [1, 2, 3], [4, 5])]
    together = torch.sigmoid(model.margins(rows))
    for number, row in enumerate(rows):
        words, _ = logits(model, row)
        expected = words[-1, model.answers].softmax(dim=0)[0]
        assert float(together[number].detach()) == pytest.approx(float(expected), abs=1e-5)
    turned = torch.sigmoid(model.margins(rows[::-1])).flip(0)
    assert torch.allclose(together, turned, atol=1e-6)
    assert together.detach().std() > 1e-3


@pytest.mark.parametrize("predicted", ["history", "clicked", "all"])
def test_the_loss_by_hand(make, predicted):
    """BCE of the click, and the mean -log p of the asked codes: from the second item of the history on, and of the
    candidate as the option says."""
    model, _, prompts = make(predicted=predicted, code_weight=0.5)
    rows = [prompts.prompt([1, 2, 3], 9), prompts.prompt([4, 5], 8), prompts.prompt([6], 7), prompts.prompt([], 5)]
    clicked = [1.0, 0.0, 0.0, 1.0]
    found = model.losses(rows, torch.tensor(clicked)).detach()
    n_levels = model.n_levels
    for row, click, value in zip(rows, clicked, found, strict=True):
        words, codes = logits(model, row)
        logs = words[-1, model.answers].log_softmax(dim=0)
        places = [place for place, token in enumerate(row) if token >= model.n_words]
        history, candidate = places[:-n_levels], places[-n_levels:]
        asked = history[n_levels:]
        if predicted == "all" or (predicted == "clicked" and click):
            asked = asked + candidate
        told = [-codes[place - 1].log_softmax(dim=0)[row[place] - model.n_words] for place in asked]
        expected = -logs[0 if click else 1] + (0.5 * sum(told) / len(told) if told else 0)
        assert float(value) == pytest.approx(float(expected), abs=1e-4)


def test_without_weight_the_click_alone_is_learned(make):
    model, _, prompts = make(code_weight=0.0)
    rows, clicked = [prompts.prompt([1, 2], 9)], torch.tensor([1.0])
    expected = -torch.nn.functional.logsigmoid(model.margins(rows))
    assert torch.allclose(model.losses(rows, clicked), expected)
    model.losses(rows, clicked).sum().backward()
    assert model.head.weight.grad is None
    assert model.symbols.weight.grad is not None


def test_gradients_do_not_depend_on_the_batch(make):
    model, _, prompts = make(predicted="all")
    rows = [prompts.prompt(history, item) for history, item in (([1, 2, 3], 9), ([], 4), ([5], 6))]
    clicked = torch.tensor([1.0, 0.0, 1.0])
    model.losses(rows, clicked).sum().backward()
    together = {name: weight.grad.clone() for name, weight in model.named_parameters() if weight.grad is not None}
    model.zero_grad()
    for row, click in zip(rows, clicked, strict=True):
        model.losses([row], click[None]).sum().backward()
    for name, weight in model.named_parameters():
        if name in together:
            assert torch.allclose(weight.grad, together[name], atol=1e-4), name


def test_what_is_trained_alone_is_saved(make):
    model, _, _ = make()
    assert all("lora" in name or name in ("symbols.weight", "head.weight") for name in model.state_dict())
    assert {"symbols.weight", "head.weight"} < set(model.state_dict())


def test_items_of_one_tuple_have_one_score_where_they_are_not_told_apart(tmp_path, world):
    codes = world[2].copy()
    codes[[1, 2]] = codes[0]
    for collisions, same in (("expand", True), ("suffix", False)):
        task = task_in(tmp_path, code_options(collisions), (*world[:2], codes))
        torch.manual_seed(0)
        model, _ = build(task, None)
        prompts = model.eval().prompts(task.options)
        found = model.margins([prompts.prompt([5], 0), prompts.prompt([5], 1)])
        assert torch.equal(found[0], found[1]) == same


def test_it_starts_from_a_dense_tokenizers_weights(tmp_path, world):
    """LoRA that was learned before is merged into the language model."""
    task = task_in(tmp_path, code_options(), world)
    torch.manual_seed(0)
    plain, _ = build(task, task.options.training)
    learned = {name: torch.randn_like(weight) for name, weight in plain.state_dict().items() if "lora" in name}
    save_file(learned, tmp_path / "dense.safetensors")
    started = task.__class__(
        **{**vars(task), "dense": {"lora_alpha": 8}, "dense_model": str(tmp_path / "dense.safetensors")}
    )
    torch.manual_seed(0)
    merged, _ = build(started, task.options.training)
    prompts = plain.prompts(task.options)
    rows = [prompts.prompt([1, 2], 9)]
    before = plain.eval().margins(rows)
    assert not torch.allclose(before, merged.eval().margins(rows), atol=1e-3)
    plain.load_state_dict({**plain.state_dict(), **learned})
    assert torch.allclose(plain.margins(rows), merged.margins(rows), atol=1e-4)


def test_codes_of_another_dataset_are_an_error(tmp_path, world):
    task = task_in(tmp_path, code_options(), (*world[:2], world[2][:10]))
    with pytest.raises(DataError, match=r"mind-store/candidates.parquet: found item \d+, but codes of 10 items"):
        code_scorer.train(task, tmp_path / "one.pt", "one")
    nothing = task.__class__(**{**vars(task), "codes": None})
    with pytest.raises(DataError, match="codes: found none"):
        build(nothing, None)


def test_alignment_adds_every_item_once(tmp_path, world, monkeypatch):
    sizes = {}

    class Stopped(Exception):  # noqa: N818
        pass

    def stop(model, options, samples, *_):
        sizes[options.alignment] = len(samples)
        raise Stopped

    monkeypatch.setattr(code_scorer, "train_on_clicks", stop)
    for alignment in (False, True):
        with pytest.raises(Stopped):
            code_scorer.train(task_in(tmp_path, code_options(alignment=alignment), world), tmp_path / "one.pt", "one")
    has_text = items(40)[["title", "abstract"]].notna().any(axis=1).sum()
    assert sizes[True] - sizes[False] == has_text
    assert sizes[False] == (world[1]["split"] == "train").sum()


def test_scores_are_those_of_the_test_users_in_their_order(tmp_path, world):
    task = task_in(tmp_path, code_options(epochs=1), world)
    weights, _ = code_scorer.train(task, tmp_path / "one.pt", "one")
    scored = code_scorer.score(task, weights)
    shown = world[1][world[1]["split"] == "test"]
    assert scored["item"].tolist() == shown["item"].tolist()
    assert scored["user"].tolist() == shown["user"].tolist()
    assert scored["score"].between(0, 1).all()
    other = task.__class__(
        **{
            **vars(task),
            "options": task.options.model_copy(update={"scoring": type(task.options.scoring)(batch_size=1)}),
        }
    )
    assert np.allclose(scored["score"], code_scorer.score(other, weights)["score"], atol=1e-6)
