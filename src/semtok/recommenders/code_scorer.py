"""A language model that reads codes and says whether a candidate is clicked (STORE, 4.4).

Codes are words of their own, as in STORE's recommender; the question stands in the language model's words:

    The user read: c1 c2 c3 c4
    c1 c2 c3 c4
    Shown next: c1 c2 c3 c4
    Clicked, yes or no?

For a candidate with click y in {0, 1} and asked codes A (`predicted`),

    loss = BCE(sigmoid(logit yes - logit no), y) + code_weight * mean over a in A of -log p(a | what stands before it)

and the score is sigmoid(logit yes - logit no), a softmax over the two logits at the last position.
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor

from semtok.config.scorers import CodeScorer, CodeScorerTrainingOptions
from semtok.encoders.adapted import LoRAOptions
from semtok.encoders.attributes import TokenIds, encoded, padded
from semtok.encoders.language_models import LanguageModel
from semtok.errors import DataError
from semtok.recommenders.candidate_model import CandidateModel
from semtok.recommenders.candidate_prompts import WORDINGS, Prompts, probability
from semtok.recommenders.candidate_training import Clicks, train_on_clicks
from semtok.recommenders.prompts import BETWEEN, PromptedModel
from semtok.recommenders.scorer_task import ScorerTask
from semtok.recommenders.task import Trained, Weights
from semtok.recommenders.text_tasks import TO_CODES, ItemTexts, Joined, TextTask
from semtok.recommenders.training import TrainingSamples
from semtok.recommenders.vocabulary import N_SPECIALS, ItemTokens
from semtok.run import devices

YES, NO = " yes", " no"


class YesOrNoCodes(PromptedModel, CandidateModel):
    """The network: an OPT with LoRA, vectors of the codes, and a head that tells codes.

    Shapes: B prompts, S tokens, L codes of an item, K codes that are asked for.
    """

    answers: Tensor

    def __init__(
        self, model: LanguageModel, options: LoRAOptions, items: ItemTokens, training: CodeScorerTrainingOptions | None
    ) -> None:
        """training: how it learns; None where it only scores."""
        super().__init__(model, options, items.vocabulary.size - N_SPECIALS)
        self.n_levels, self.training_options = items.tokens.shape[1], training
        self.item_codes: list[TokenIds] = (items.tokens - N_SPECIALS + self.n_words).tolist()
        self.answer_start, *answers = answer_tokens(model)
        self.register_buffer("answers", torch.tensor(answers).flatten(), persistent=False)

    def prompts(self, options: CodeScorer) -> Prompts:
        """How candidates are asked about."""
        before, between, behind = encoded(self.vocabulary, WORDINGS[options.prompt])
        newline = encoded(self.vocabulary, [BETWEEN])[0]
        words = (before, between, [*behind, *self.answer_start])
        items = [[*codes, *newline] for codes in self.item_codes]
        return Prompts([self.text_start], words, items.__getitem__, options.max_items, self.max_positions)

    def margins(self, prompts: Sequence[TokenIds]) -> Tensor:
        """See `CandidateModel`: at the last position."""
        return self._margins(*self._states(prompts)[1:])

    def losses(self, prompts: Sequence[TokenIds], clicked: Tensor) -> Tensor:
        """See `CandidateModel` and the equation above [B]."""
        assert self.training_options is not None
        ids, n_tokens, states = self._states(prompts)
        click = F.binary_cross_entropy_with_logits(self._margins(n_tokens, states), clicked, reduction="none")
        weight = self.training_options.code_weight
        if not weight:
            return click
        asked = self.asked_codes(ids, clicked)[:, 1:]
        logits, codes = self.symbol_logits(states[:, :-1][asked]), ids[:, 1:][asked] - self.n_words  # (K, n), (K,)
        told = F.cross_entropy(logits, codes, reduction="none")
        of_prompt = asked.nonzero()[:, 0]  # (K,)
        total = torch.zeros_like(click).index_add(0, of_prompt, told)
        return click + weight * total / asked.sum(dim=1).clamp(min=1)

    def asked_codes(self, ids: Tensor, clicked: Tensor) -> Tensor:
        """Which tokens of prompts [B, S] are codes that are to be told from those before them [B, S]."""
        assert self.training_options is not None
        is_code = ids >= self.n_words
        number = is_code.cumsum(dim=1)  # of each code in its prompt, from 1
        of_candidate = number > number[:, -1:] - self.n_levels
        asked: Tensor = ~of_candidate & (number > self.n_levels)
        if self.training_options.predicted != "history":
            is_asked = clicked > 0 if self.training_options.predicted == "clicked" else torch.ones_like(clicked) > 0
            asked |= of_candidate & is_asked[:, None]
        return asked.logical_and(is_code)

    def _states(self, prompts: Sequence[TokenIds]) -> tuple[Tensor, Tensor, Tensor]:
        """Ids [B, S], numbers of tokens [B] and states [B, S, D]."""
        where = self.answers.device
        ids = padded(prompts, self.filler, where)
        n_tokens = torch.tensor([len(prompt) for prompt in prompts], device=where)
        return ids, n_tokens, self.read(ids, n_tokens).last_hidden_state

    def _margins(self, n_tokens: Tensor, states: Tensor) -> Tensor:
        last = states[torch.arange(len(states), device=states.device), n_tokens - 1]
        with torch.autocast(states.device.type, enabled=False):
            logits = F.linear(last.float(), self.decoder.embed_tokens.weight[self.answers].float())  # (B, 2)
        return logits[:, 0] - logits[:, 1]


def answer_tokens(model: LanguageModel) -> tuple[TokenIds, int, int]:
    """What both answers begin with, and the tokens of yes and no behind it: nothing, and one token each, in a published
    vocabulary; in a small one that lacks the words, the first tokens in which they differ."""
    yes, no = encoded(model.vocabulary, [YES, NO])
    same = next(place for place, (one, other) in enumerate(zip(yes, no, strict=False)) if one != other)
    return yes[:same], yes[same], no[same]


def build(task: ScorerTask[CodeScorer], training: CodeScorerTrainingOptions | None) -> tuple[YesOrNoCodes, ItemTokens]:
    """A new network for the codes of a task, and the codes."""
    if task.codes is None:
        raise DataError("codes: found none; expected those of every item")
    items = ItemTokens.from_codes(task.codes, task.options.collisions)
    if (last := int(task.candidates["item"].max())) >= len(items.tokens):
        raise DataError(
            f"{task.path}: found item {last}, but codes of {len(items.tokens)} items; expected those of this dataset"
        )
    return YesOrNoCodes(task.load(), task.options.model, items, training).to(devices.device()), items


def train(task: ScorerTask[CodeScorer], checkpoint: str | Path, identity: str) -> Trained:
    """See `train_on_clicks`."""
    options = task.options.training
    torch.manual_seed(task.seed)
    model, items = build(task, options)
    prompts = model.prompts(task.options)
    samples: TrainingSamples = Clicks(model, task.questions("train", prompts), options.negatives, task.seed)
    if options.alignment:
        texts = ItemTexts.of(model, task.texts(model.vocabulary, None), items)
        samples = Joined([samples, TextTask(texts, TO_CODES)])
    return train_on_clicks(model, options, samples, task.questions("valid", prompts), task.seed, checkpoint, identity)


def score(task: ScorerTask[CodeScorer], weights: Weights) -> pd.DataFrame:
    """The test users' candidates that are in the catalogue, in their order: `user`, `item`, `clicked`, `score`."""
    model, _ = build(task, None)
    model.load_state_dict(weights)
    questions = task.questions("test", model.prompts(task.options))
    margins = questions.answers(model.eval().margins, task.options.scoring.batch_size)
    return questions.candidates.assign(score=probability(margins))
