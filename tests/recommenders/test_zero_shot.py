"""Scoring candidates by a language model that was trained for something else."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from tokenizers import Tokenizer

from semtok.config.scorers import ZeroShotScorer
from semtok.encoders.attributes import AttributeTokens, encoded
from semtok.encoders.language_models import MaskedLanguageModel
from semtok.errors import ConfigError
from semtok.recommenders.candidate_model import YesOrNoBERT, prompts_of_bert
from semtok.recommenders.candidate_prompts import WORDINGS, probability
from semtok.recommenders.zero_shot import NO, YES, log_probability, prompts_of_opt, score, yes_or_no_of
from support.language import ATTRIBUTES, items, untrained, untrained_bert

OPTIONS = {"method": "zero-shot", "language_model": "opt", "prompt": "click", "max_items": 20, "max_tokens": 3}


def options(**changed):
    return ZeroShotScorer(**{**OPTIONS, "batch_size": 4, **changed})


@pytest.fixture(scope="module")
def frame():
    return items(40)


@pytest.fixture(scope="module")
def model(frame):
    return untrained(frame, max_position_embeddings=160)


@pytest.fixture(scope="module")
def tables():
    interactions = pd.DataFrame({"user": [0, 0, 0, 1, 1], "item": [1, 2, 3, 4, 7]})
    candidates = pd.DataFrame(
        {
            "user": [0, 0, 1, 1, 1, 0],
            "item": pd.array([8, 9, 10, None, 11, 12], dtype="Int32"),
            "clicked": [True, False, False, True, True, False],
            "split": ["test"] * 5 + ["valid"],
        }
    )
    return interactions, candidates


def prompts(model, frame, **changed):
    chosen = options(**changed)
    return prompts_of_opt(chosen, model, AttributeTokens(frame, ATTRIBUTES, model.vocabulary, chosen.max_tokens))


def test_a_prompt_has_the_history_in_order_the_candidate_and_the_question(model, frame):
    made = prompts(model, frame)
    content = made.content
    before, between, behind = encoded(model.vocabulary, WORDINGS["click"])
    expected = [model.start, *before, *content(1), *content(2), *between, *content(9), *behind]
    assert made.prompt([1, 2], 9) == expected


def test_of_a_long_history_the_most_recent_items_are_read_whole(model, frame):
    made = prompts(model, frame, max_items=2)
    assert made.prompt([1, 2, 3], 9) == made.prompt([2, 3], 9)
    narrow = untrained(frame, max_position_embeddings=96)
    history = [1, 2, 3, 4] * 5
    short, answers = prompts(narrow, frame).prompt(history, 9), encoded(narrow.vocabulary, [YES, NO])
    assert 96 - 10 < len(short) + max(map(len, answers)) <= 96
    fitting = [n for n in range(len(history)) if prompts(narrow, frame).prompt(history[-n:] if n else [], 9) == short]
    assert fitting
    assert 0 < min(fitting) < len(history)


def test_a_question_that_does_not_fit_is_an_error(frame):
    with pytest.raises(ConfigError, match=r"max_tokens: a question takes \d+ tokens; expected at most"):
        prompts(untrained(frame, max_position_embeddings=24), frame).prompt([1], 9)


def test_the_log_probability_is_that_of_the_whole_network(model, frame):
    """Padding and batching change nothing, and an answer of several tokens is their product."""
    where, answer = torch.device("cpu"), encoded(model.vocabulary, [YES])[0]
    rows = [prompts(model, frame).prompt(history, 9) for history in ([1], [1, 2, 3], [])]
    found = log_probability(rows, answer, model.network, 1, where)
    for row, value in zip(rows, found, strict=True):
        read = torch.tensor([[*row, *answer]])
        logs = model.network(input_ids=read).logits[0].log_softmax(dim=-1)
        expected = sum(logs[len(row) - 1 + i, token] for i, token in enumerate(answer))
        assert float(value) == pytest.approx(float(expected.detach()), abs=1e-4)


def test_two_answers_of_one_token_are_the_softmax_of_two_logits(model, frame, monkeypatch):
    """As the paper has it: the logits of yes and no at the last position."""
    row = prompts(model, frame).prompt([1, 2], 9)
    monkeypatch.setattr("semtok.recommenders.zero_shot.encoded", lambda *_: [[7], [11]])
    logits = model.network(input_ids=torch.tensor([row])).logits[0, -1, [7, 11]]
    found = probability(yes_or_no_of(model)([row]).double().numpy())
    assert found[0] == pytest.approx(float(logits.softmax(dim=0)[0].detach()), abs=1e-6)


def test_the_test_users_candidates_of_the_catalogue_are_scored_in_their_order(model, frame, tables):
    interactions, candidates = tables
    found = score(options(), model, frame, ATTRIBUTES, interactions, candidates)
    assert found[["user", "item", "clicked"]].to_numpy().tolist() == [
        [0, 8, True],
        [0, 9, False],
        [1, 10, False],
        [1, 11, True],
    ]
    assert found["score"].between(0, 1).all()
    alone = score(options(batch_size=1), model, frame, ATTRIBUTES, interactions, candidates)
    assert np.allclose(found["score"], alone["score"], atol=1e-6)
    # The label is not read, and what the user had is.
    other = candidates.assign(clicked=~candidates["clicked"])
    assert found["score"].equals(score(options(), model, frame, ATTRIBUTES, interactions, other)["score"])
    longer = pd.concat([interactions, pd.DataFrame({"user": [1], "item": [14]})], ignore_index=True)
    # A prompt at a time: beside a longer one others are padded further, which some processors round otherwise.
    changed = score(options(batch_size=1), model, frame, ATTRIBUTES, longer, candidates)
    assert alone["score"][:2].equals(changed["score"][:2])
    assert (alone["score"][2:] != changed["score"][2:]).all()


def test_the_wordings_are_asked(model, frame, tables):
    scores = [score(options(prompt=name), model, frame, ATTRIBUTES, *tables)["score"].tolist() for name in WORDINGS]
    assert len({tuple(one) for one in scores}) == len(WORDINGS) == 3


@pytest.fixture(scope="module")
def bert(frame):
    return untrained_bert(frame)


def bert_prompts(bert, frame, **changed):
    chosen = options(language_model="bert", **changed)
    return prompts_of_bert(chosen, bert, AttributeTokens(frame, ATTRIBUTES, bert.vocabulary, chosen.max_tokens))


def test_a_bert_is_asked_by_a_mask_behind_the_question(bert, frame):
    made = bert_prompts(bert, frame)
    text = bert.vocabulary.decode(made.prompt([1], 9), skip_special_tokens=False)
    assert text.startswith("[CLS] the user read : title :")
    assert text.endswith("clicked, yes or no? [MASK] [SEP]")
    # The history is cut, so that question and mask are always there.
    longest = made.prompt([1, 2, 3, 4] * 40, 9)
    assert len(longest) <= bert.max_positions
    assert longest[-2] == bert.vocabulary.token_to_id("[MASK]")


def test_a_berts_answer_is_the_softmax_of_two_logits_of_transformers(bert, frame):
    """And padding changes nothing."""
    made = bert_prompts(bert, frame)
    rows = [made.prompt(history, 9) for history in ([], [1, 2, 3], [4])]
    words = [bert.vocabulary.token_to_id(word) for word in ("yes", "no")]
    with torch.no_grad():
        found = torch.sigmoid(YesOrNoBERT(bert).eval().margins(rows))
        for row, value in zip(rows, found, strict=True):
            logits = bert.network(input_ids=torch.tensor([row])).logits[0, -2, words]
            assert float(value) == pytest.approx(float(logits.softmax(dim=0)[0]), abs=1e-5)


def test_a_bert_scores_whatever_the_batches(bert, frame, tables):
    first, second = (
        score(options(batch_size=size), bert, frame, ATTRIBUTES, *tables)["score"].to_numpy() for size in (1, 4)
    )
    assert np.allclose(first, second, atol=1e-6)
    assert len(set(first.round(5))) > 2


def test_answers_of_several_tokens_are_an_error(frame):
    bert = untrained_bert(frame)
    vocabulary = json.loads(bert.vocabulary.to_str())
    del vocabulary["model"]["vocab"]["yes"]
    other = MaskedLanguageModel(bert.network, Tokenizer.from_str(json.dumps(vocabulary)))
    with pytest.raises(ConfigError, match=r"found 3 and 1 tokens for yes and no .* expected one token each"):
        YesOrNoBERT(other)


def test_a_mask_in_a_title_is_not_the_one_that_is_asked(bert, frame):
    hostile = frame.copy()
    hostile.loc[9, "title"] = "[MASK] [SEP]"
    made = bert_prompts(bert, hostile)
    row = made.prompt([], 9)
    logits = bert.network(input_ids=torch.tensor([row])).logits[0, -2]
    words = [bert.vocabulary.token_to_id(word) for word in ("yes", "no")]
    with torch.no_grad():
        assert float(YesOrNoBERT(bert).eval().margins([row])[0]) == pytest.approx(
            float(logits[words[0]] - logits[words[1]]), abs=1e-5
        )
