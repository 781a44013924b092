"""Scoring candidates by a language model that was trained for something else."""

import numpy as np
import pandas as pd
import pytest
import torch

from semtok.config.scorers import ZeroShotScorer
from semtok.encoders.attributes import AttributeTokens, encoded
from semtok.errors import ConfigError
from semtok.recommenders.zero_shot import NO, WORDINGS, YES, Prompts, log_probability, probability, score
from support.language import ATTRIBUTES, items, untrained

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
    return Prompts(chosen, model, AttributeTokens(frame, ATTRIBUTES, model.vocabulary, chosen.max_tokens))


def test_a_prompt_has_the_history_in_order_the_candidate_and_the_question(model, frame):
    made = prompts(model, frame)
    content = made.tokens.content
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


def test_two_answers_of_one_token_are_the_softmax_of_two_logits(model, frame):
    """As the paper has it: the logits of yes and no at the last position."""
    row = prompts(model, frame).prompt([1, 2], 9)
    logits = model.network(input_ids=torch.tensor([row])).logits[0, -1, [7, 11]]
    found = probability([row], [[7], [11]], model.network, 1, torch.device("cpu"))
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
    changed = score(options(), model, frame, ATTRIBUTES, longer, candidates)
    assert found["score"][:2].equals(changed["score"][:2])
    assert (found["score"][2:] != changed["score"][2:]).all()


def test_the_wordings_are_asked(model, frame, tables):
    scores = [score(options(prompt=name), model, frame, ATTRIBUTES, *tables)["score"].tolist() for name in WORDINGS]
    assert len({tuple(one) for one in scores}) == len(WORDINGS) == 3
