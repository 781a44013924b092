"""What a network has to do to be trained on clicks, and how two kinds of language models say yes or no."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from semtok.config.scorers import FineTunedScorer, ZeroShotScorer
from semtok.encoders.attributes import AttributeTokens, TokenIds, encoded, padded
from semtok.encoders.language_models import CLS, MASK, SEP, MaskedLanguageModel
from semtok.errors import ConfigError
from semtok.recommenders.candidate_prompts import WORDINGS, Prompts


class CandidateModel(nn.Module):
    """A network that answers questions about candidates."""

    @abstractmethod
    def margins(self, prompts: Sequence[TokenIds]) -> Tensor:
        """The logit of yes less that of no [B], in float32."""

    def losses(self, prompts: Sequence[TokenIds], clicked: Tensor) -> Tensor:
        """What each question teaches [B]: the binary cross-entropy of the click [B], 0 or 1."""
        return F.binary_cross_entropy_with_logits(self.margins(prompts), clicked, reduction="none")


class YesOrNoBERT(CandidateModel):
    """A BERT that is asked by a mask behind the question; of its output only what the two answers need is computed."""

    answers: Tensor

    def __init__(self, model: MaskedLanguageModel) -> None:
        super().__init__()
        network: Any = model.network
        self.bert = network.bert
        self.transform, self.bias = network.cls.predictions.transform, network.cls.predictions.bias
        self.filler = int(network.config.pad_token_id)
        self.register_buffer("answers", torch.tensor(answers_of_bert(model)), persistent=False)

    def margins(self, prompts: Sequence[TokenIds]) -> Tensor:
        """See `CandidateModel`; the logits are those of BERT's masked tokens."""
        where = self.answers.device
        read = padded(prompts, self.filler, where)
        lengths = torch.tensor([len(prompt) for prompt in prompts], device=where)
        is_read = torch.arange(read.shape[1], device=where) < lengths[:, None]
        states = self.bert(input_ids=read, attention_mask=is_read.long()).last_hidden_state
        masks = states[torch.arange(len(prompts), device=where), lengths - 2]  # (B, D), the last but [SEP]
        with torch.autocast(where.type, enabled=False):
            words = self.bert.embeddings.word_embeddings.weight[self.answers].float()  # (2, D)
            logits = F.linear(self.transform(masks.float()), words, self.bias[self.answers].float())
        return logits[:, 0] - logits[:, 1]


def answers_of_bert(model: MaskedLanguageModel) -> list[int]:
    """The tokens of yes and no. Raises ConfigError where they are not one each."""
    found = encoded(model.vocabulary, ["yes", "no"])
    unknown = model.vocabulary.token_to_id("[UNK]")
    if any(len(tokens) != 1 or tokens[0] == unknown for tokens in found):
        raise ConfigError(
            f"language_model: found {len(found[0])} and {len(found[1])} tokens for yes and no (or unknown ones); "
            "expected one token each, since a mask is one token"
        )
    return [tokens[0] for tokens in found]


def prompts_of_bert(
    options: ZeroShotScorer | FineTunedScorer, model: MaskedLanguageModel, texts: AttributeTokens
) -> Prompts:
    """[CLS] question [MASK] [SEP], in texts."""
    before, between, behind = encoded(model.vocabulary, WORDINGS[options.prompt])
    ids = model.vocabulary.get_vocab()
    cls, mask, sep = (ids[name] for name in (CLS, MASK, SEP))
    words = (before, between, [*behind, mask, sep])
    return Prompts([cls], words, texts.content, options.max_items, model.max_positions)
