"""Histories as a language model reads them: words around items, which are written in vectors of their own.

The form is that of RecBench, the code that STORE names (section 4.1), without numbers before the items:

    Recommend the next item.
    History:
    c1 c2 c3 c4
    c1 c2 c3 c4
    Next: c1 c2 c3 c4

where a c is one vector and not a word. Its head, a linear map without bias, tells the next c from the state before it.
"""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from semtok.encoders.adapted import Adapted, LoRAOptions
from semtok.encoders.attributes import encoded
from semtok.encoders.language_models import LanguageModel
from semtok.errors import ConfigError

INSTRUCTION, BETWEEN, NEXT = "Recommend the next item.\nHistory:\n", "\n", "Next:"


@dataclass
class PromptBatch:
    """Prompts of a batch, padded at the end."""

    ids: Tensor
    """[B, S], a word or, from the number of words on, a symbol."""
    n_tokens: Tensor
    """[B]"""
    asked: Tensor
    """[B, S], True where the token is to be told from those before it."""


class PromptedModel(Adapted):
    """A language model with LoRA, vectors of n symbols (codes or items), and a head for them.

    Shapes: B prompts, S tokens, T items of L symbols each, width of a word D.
    """

    prefix: Tensor
    between: Tensor
    next: Tensor

    def __init__(self, model: LanguageModel, options: LoRAOptions, n_symbols: int) -> None:
        super().__init__(model.network, options)
        config, words = model.network.config, self.decoder.embed_tokens.weight
        self.n_words, self.max_positions = int(config.vocab_size), model.max_positions
        self.vocabulary, self.text_start, self.filler = model.vocabulary, model.start, int(config.pad_token_id)
        self.symbols = nn.Embedding(n_symbols, words.shape[1])
        self.head = nn.Linear(words.shape[1], n_symbols, bias=False)
        nn.init.normal_(self.symbols.weight, std=float(words.std()))
        nn.init.normal_(self.head.weight, std=config.init_std)
        prefix, between, following = encoded(model.vocabulary, [INSTRUCTION, BETWEEN, NEXT])
        for name, tokens in {"prefix": [model.start, *prefix], "between": between, "next": following}.items():
            self.register_buffer(name, torch.tensor(tokens), persistent=False)

    def check_length(self, n_items: int, n_levels: int, language_model: str) -> None:
        """Refuse histories that are longer than the language model can read."""
        n_words = len(self.prefix) + n_items * len(self.between) + len(self.next)
        longest = n_words + (n_items + 1) * n_levels
        if longest > self.max_positions:
            raise ConfigError(
                f"max_items: {n_items} items of {n_levels} codes and {n_words} words around them make prompts of "
                f"{longest} tokens; expected at most the {self.max_positions} positions of the language model "
                f"{language_model}"
            )

    def lay_out(self, items: Tensor, lengths: Tensor, last: Tensor, asked: Tensor, n_next: int) -> PromptBatch:
        """Prompts of histories, and what follows them.

        Args:
            items: symbols [B, T, L], padded at the end.
            lengths: items of each [B].
            last: symbols [B, E] behind the header of the next item; [B, 0] for none.
            asked: [B, T], whether an item's symbols are to be told; those of `last` are.
            n_next: how many words of that header there are, from its first one on.
        """
        batch, _, n_symbols = items.shape
        words = self.between.expand(*items.shape[:2], -1)  # (B, T, words between)
        body = torch.cat([items + self.n_words, words], dim=2)  # (B, T, L + words between)
        is_asked = torch.cat([asked[..., None].expand_as(items), torch.zeros_like(words, dtype=torch.bool)], dim=2)
        tail = torch.cat([self.next[:n_next].expand(batch, -1), last + self.n_words], dim=1)
        n_body = body.shape[1] * body.shape[2]
        ids = F.pad(body.flatten(1), (len(self.prefix), tail.shape[1]))
        ids[:, : len(self.prefix)] = self.prefix
        flags = F.pad(is_asked.flatten(1), (len(self.prefix), tail.shape[1]))
        start = len(self.prefix) + lengths * (n_symbols + len(self.between))  # (B,)
        flags &= torch.arange(len(self.prefix) + n_body + tail.shape[1], device=ids.device) < start[:, None]
        place = start[:, None] + torch.arange(tail.shape[1], device=ids.device)  # (B, E)
        ids.scatter_(1, place, tail)
        flags.scatter_(1, place, (torch.arange(tail.shape[1], device=ids.device) >= n_next).expand_as(place))
        return PromptBatch(ids, start + tail.shape[1], flags)

    def embed(self, ids: Tensor) -> Tensor:
        """Words and symbols [B, S] to inputs [B, S, D]."""
        is_symbol = ids >= self.n_words
        words = self.decoder.embed_tokens(ids.masked_fill(is_symbol, 0))
        symbols = self.symbols((ids - self.n_words).clamp(min=0))
        return torch.where(is_symbol.unsqueeze(-1), symbols, words)

    def read(self, ids: Tensor, n_tokens: Tensor, remember: bool = False) -> Any:
        """What transformers gives for prompts [B, S]: `last_hidden_state` [B, S, D], and the keys and values."""
        mask = torch.arange(ids.shape[1], device=ids.device) < n_tokens[:, None]
        hidden = None if mask.all() else mask.long()
        return self.decoder(inputs_embeds=self.embed(ids), attention_mask=hidden, use_cache=remember)

    def symbol_logits(self, states: Tensor) -> Tensor:
        """Of every symbol to come next [..., n], in float32 even under autocast: rounded ones would tie."""
        with torch.autocast(states.device.type, enabled=False):
            logits: Tensor = self.head(states.float())
        return logits

    def word_logits(self, states: Tensor) -> Tensor:
        """Of every word to come next [..., words], by the language model's own output, which is its input."""
        with torch.autocast(states.device.type, enabled=False):
            return F.linear(states.float(), self.decoder.embed_tokens.weight)

    def symbol_losses(self, prompts: PromptBatch) -> Tensor:
        """The cross-entropy (nats) of each symbol that is asked for [K]."""
        states, ids = self._before_asked(prompts)
        return F.cross_entropy(self.symbol_logits(states), ids - self.n_words, reduction="none")

    def word_losses(self, prompts: PromptBatch) -> Tensor:
        """The cross-entropy (nats) of each word that is asked for [K]."""
        states, ids = self._before_asked(prompts)
        return F.cross_entropy(self.word_logits(states), ids, reduction="none")

    def _before_asked(self, prompts: PromptBatch) -> tuple[Tensor, Tensor]:
        """The states [K, D] before the K tokens that are asked for, and those tokens [K]."""
        asked = prompts.asked[:, 1:]
        states = self.read(prompts.ids[:, :-1], prompts.n_tokens.clamp(max=prompts.ids.shape[1] - 1))
        return states.last_hidden_state[asked], prompts.ids[:, 1:][asked]
