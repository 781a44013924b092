"""Scoring candidates by a language model that was trained for something else (STORE, 4.4).

The model reads what a user had and a candidate, and is asked a question. The score is the probability of yes where yes
and no are all that may follow: a softmax over two log-probabilities, which are the two logits where the words are one
token each, as in a published vocabulary. A BERT is asked in the place of a mask behind the question.
"""

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional as F

from semtok.config.data import Attributes
from semtok.config.scorers import ZeroShotScorer
from semtok.encoders.attributes import AttributeTokens, TokenIds, encoded, padded
from semtok.encoders.language_models import LanguageModel, MaskedLanguageModel
from semtok.recommenders.candidate_model import YesOrNoBERT, prompts_of_bert
from semtok.recommenders.candidate_prompts import WORDINGS, Prompts, Questions, probability
from semtok.run import devices

YES, NO = " yes", " no"


def score(
    options: ZeroShotScorer,
    model: LanguageModel | MaskedLanguageModel,
    items: pd.DataFrame,
    attributes: Attributes,
    interactions: pd.DataFrame,
    candidates: pd.DataFrame,
) -> pd.DataFrame:
    """The test users' candidates that are in the catalogue, in their order: `user`, `item`, `clicked`, `score`.

    items: the columns of `attributes`. A history is all interactions of the user, which ended before the impressions.
    """
    texts = AttributeTokens(items, attributes, model.vocabulary, options.max_tokens)
    if isinstance(model, MaskedLanguageModel):
        prompts = prompts_of_bert(options, model, texts)
        ask: Callable[[list[TokenIds]], Tensor] = YesOrNoBERT(model).to(devices.device()).eval().margins
    else:
        prompts, ask = prompts_of_opt(options, model, texts), yes_or_no_of(model)
    questions = Questions.of_split(candidates, "test", interactions, prompts)
    return questions.candidates.assign(score=probability(questions.answers(ask, options.batch_size)))


def prompts_of_opt(options: ZeroShotScorer, model: LanguageModel, texts: AttributeTokens) -> Prompts:
    """Questions in texts, with positions left for the answers."""
    words = encoded(model.vocabulary, WORDINGS[options.prompt])
    most = model.max_positions - max(map(len, encoded(model.vocabulary, [YES, NO])))
    return Prompts([model.start], words, texts.content, options.max_items, most)


def yes_or_no_of(model: LanguageModel) -> Callable[[list[TokenIds]], Tensor]:
    """How an OPT answers: the log-probability of yes less that of no."""
    where = devices.device()
    network, answers = model.network.to(where).eval(), encoded(model.vocabulary, [YES, NO])
    filler = int(network.config.pad_token_id)

    def margins(prompts: list[TokenIds]) -> Tensor:
        yes, no = (log_probability(prompts, answer, network, filler, where) for answer in answers)
        return yes - no

    return margins


@torch.no_grad()
def log_probability(
    prompts: Sequence[TokenIds], answer: TokenIds, network: Any, filler: int, where: torch.device
) -> Tensor:
    """[B], the log-probability of all tokens of an answer behind each prompt."""
    read = padded([[*prompt, *answer[:-1]] for prompt in prompts], filler, where)
    lengths = torch.tensor([len(prompt) for prompt in prompts], device=where)
    mask = torch.arange(read.shape[1], device=where) < (lengths + len(answer) - 1)[:, None]
    states = network.model(input_ids=read, attention_mask=mask.long()).last_hidden_state
    # The token at place i is told by the state before it.
    places = lengths[:, None] - 1 + torch.arange(len(answer), device=where)
    logits = network.lm_head(states.gather(1, places[..., None].expand(-1, -1, states.shape[-1]))).float()
    wanted = torch.tensor(answer, device=where).expand(len(prompts), -1)
    return -F.cross_entropy(logits.flatten(0, 1), wanted.flatten(), reduction="none").view_as(wanted).sum(dim=1)
