"""Scoring candidates by a language model that was trained for something else (STORE, 4.4; methods.md 6).

The model reads what a user had and a candidate, and is asked a question. The score is the probability of " yes" where
" yes" and " no" are all that may follow: a softmax over two log-probabilities, which are the two logits where the words
are one token each, as in a published vocabulary.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional as F

from semtok.config.data import Attributes
from semtok.config.scorers import ZeroShotScorer
from semtok.encoders.attributes import AttributeTokens, Tokens, encoded, padded
from semtok.encoders.language_models import LanguageModel
from semtok.errors import ConfigError
from semtok.run import devices
from semtok.run.progress import progress

YES, NO = " yes", " no"
WORDINGS = {
    "click": (" The user read:", " Shown next:", " Clicked, yes or no?"),
    "interest": (" History:", " Candidate:", " Of interest, yes or no?"),
    "next": (" In this order:", " Then:", " Right, yes or no?"),
}
"""What stands before the history, before the candidate and behind it: the same question in three wordings, since a
model near chance may turn about with the words."""


class Prompts:
    """The prompts of candidates, as tokens: as many of the most recent items as there are positions for."""

    def __init__(self, options: ZeroShotScorer, model: LanguageModel, tokens: AttributeTokens) -> None:
        vocabulary = model.vocabulary
        self.start = [model.start]
        self.before, self.between, self.behind = encoded(vocabulary, WORDINGS[options.prompt])
        self.answers = encoded(vocabulary, [YES, NO])
        self.tokens, self.max_items = tokens, options.max_items
        self.room = model.max_positions - max(map(len, self.answers)) - len(self.start)

    def prompt(self, history: Sequence[int], candidate: int) -> Tokens:
        """Raises ConfigError where the model has no positions for the question and the candidate alone."""
        asked = [*self.between, *self.tokens.content(candidate), *self.behind]
        left = self.room - len(self.before) - len(asked)
        if left < 0:
            raise ConfigError(
                f"max_tokens: a question takes {len(self.before) + len(asked)} tokens; expected at most {self.room}, "
                "the positions of the language model less the answer"
            )
        read: Tokens = []
        for item in reversed(history[-self.max_items :]):
            text = self.tokens.content(item)
            if len(text) > left - len(read):
                break
            read = [*text, *read]
        return [*self.start, *self.before, *read, *asked]


def score(
    options: ZeroShotScorer,
    model: LanguageModel,
    items: pd.DataFrame,
    attributes: Attributes,
    interactions: pd.DataFrame,
    candidates: pd.DataFrame,
) -> pd.DataFrame:
    """The test users' candidates that are in the catalogue, in their order: `user`, `item`, `clicked`, `score`.

    items: the columns of `attributes`. A history is all interactions of the user, which ended before the impressions.
    """
    where = devices.device()
    network = model.network.to(where).eval()
    prompts = Prompts(options, model, AttributeTokens(items, attributes, model.vocabulary, options.max_tokens))
    known = candidates[(candidates["split"] == "test") & candidates["item"].notna()]
    asked = known[["user", "item", "clicked"]].astype({"user": "int32", "item": "int32"}).reset_index(drop=True)
    histories = interactions.groupby("user")["item"].apply(list)
    texts = [prompts.prompt(histories[user], item) for user, item in zip(asked["user"], asked["item"], strict=True)]
    order = np.argsort([len(text) for text in texts], kind="stable")
    found = np.empty(len(texts), dtype=np.float64)
    filler = int(network.config.pad_token_id)
    for first in progress("batches of candidates", range(0, len(order), options.batch_size)):
        batch = order[first : first + options.batch_size]
        with devices.autocast(where, devices.compute_dtype(where)):
            found[batch] = probability([texts[row] for row in batch], prompts.answers, network, filler, where)
    return asked.assign(score=found)


def probability(
    prompts: Sequence[Tokens], answers: Sequence[Tokens], network: Any, filler: int, where: torch.device
) -> npt.NDArray[np.float64]:
    """[B], the probability of the first answer where the two are all that may follow."""
    yes, no = (log_probability(prompts, answer, network, filler, where) for answer in answers)
    return torch.sigmoid(yes - no).double().cpu().numpy()


@torch.no_grad()
def log_probability(
    prompts: Sequence[Tokens], answer: Tokens, network: Any, filler: int, where: torch.device
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
