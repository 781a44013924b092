"""A language model that reads histories of codes and writes those of the next item (STORE, 3.3).

Its training reads whole prompts by transformers' own code. Decoding reads a history once, whose keys and values all its
branches share, and then a token a branch at a time.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from semtok.config.on_language_models import LanguageModelOverCodes
from semtok.encoders.adapted import LoRAOptions
from semtok.encoders.language_models import LanguageModel
from semtok.errors import DataError
from semtok.recommenders.branching import attend_branches
from semtok.recommenders.code_model import CodeModel, DecoderState
from semtok.recommenders.language_task import LanguageModelTask
from semtok.recommenders.prompts import PromptBatch, PromptedModel
from semtok.recommenders.vocabulary import BOS, N_SPECIALS, ItemTokens


class LanguageCodes(PromptedModel, CodeModel):
    """The network. Of the tokens of a `Vocabulary` the codes are symbols; BOS stands for the last word of the prompt.

    Shapes: B histories, W branches of each, S tokens of a prompt, L codes of an item, V tokens of the vocabulary.
    """

    def __init__(self, model: LanguageModel, options: LoRAOptions, vocabulary_size: int, n_levels: int) -> None:
        super().__init__(model, options, vocabulary_size - N_SPECIALS)
        self.n_levels = n_levels

    def history(self, source: Tensor, lengths: Tensor, last: Tensor, asked: Tensor, n_next: int) -> PromptBatch:
        """See `lay_out`, of which `source` [B, T * L] and `last` [B, E] are given as tokens of the vocabulary."""
        items = source.view(len(source), -1, self.n_levels) - N_SPECIALS
        return self.lay_out(items.clamp(min=0), lengths, last - N_SPECIALS, asked, n_next)

    def every_target(self, source: Tensor, target: Tensor, seen: Tensor) -> Tensor:
        """See `CodeModel`: the codes of a window's targets, in one pass over the prompt of its last one.

        So those in the history are told from what stands before them there, the last ones behind the header of the next
        item, which is how they are decoded.
        """
        n_items = seen // self.n_levels  # (B, N)
        lengths, last = n_items.max(dim=1)
        asked = torch.zeros(len(source), source.shape[1] // self.n_levels + 1, dtype=torch.bool, device=source.device)
        asked.scatter_(1, n_items, True)
        asked = asked[:, :-1] & (torch.arange(asked.shape[1] - 1, device=source.device) > 0)  # 0: no such target
        final = target[torch.arange(len(source), device=source.device), last, 1:]
        return self.symbol_losses(self.history(source, lengths, final, asked, len(self.next))).sum()

    def begin(self, source: Tensor, mask: Tensor | None) -> tuple[Tensor, DecoderState]:
        """BOS for each history, the last word of its prompt, and the state before it."""
        n_items = source.shape[1] // self.n_levels
        lengths = source.new_full((len(source),), n_items) if mask is None else mask.sum(dim=1) // self.n_levels
        asked = torch.zeros(len(source), n_items, dtype=torch.bool, device=source.device)
        prompt = self.history(source, lengths, source[:, :0], asked, len(self.next) - 1)
        read = self.read(prompt.ids, prompt.n_tokens, remember=True)
        memory = [(layer.keys.float(), layer.values.float()) for layer in read.past_key_values.layers]
        hidden = torch.arange(prompt.ids.shape[1], device=source.device) >= prompt.n_tokens[:, None]
        bias = torch.zeros(hidden.shape, device=source.device).masked_fill(hidden, -torch.inf)[:, None, None]
        return source.new_full((len(source),), BOS), DecoderState(memory, bias, [], [])

    def step(self, tokens: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """See `CodeModel`; OPT's blocks, one token at a time. Only codes may come next."""
        assert state.mask is not None
        n_before = (state.mask == 0).sum(dim=-1).flatten()  # (B,)
        position = n_before.repeat_interleave(len(tokens) // len(n_before)) + len(state.past)  # (B * W,)
        ids = torch.where(tokens == BOS, self.next[-1], tokens - N_SPECIALS + self.n_words)
        x = self.embed(ids)  # (B * W, D)
        x = x if self.decoder.project_in is None else self.decoder.project_in(x)
        x = x + self.decoder.embed_positions(None, position_ids=position)
        added = []
        for number, layer in enumerate(self.decoder.layers):
            past = [step[number].index_select(0, rows) for step, rows in zip(state.past, state.ancestors, strict=True)]
            x, here = _block(layer, x, past, state.memory[number], state.mask)
            added.append(here)
        x = x if self.decoder.final_layer_norm is None else self.decoder.final_layer_norm(x)
        x = x if self.decoder.project_out is None else self.decoder.project_out(x)
        rows = torch.arange(len(tokens), device=tokens.device)
        grown = DecoderState(state.memory, state.mask, [*state.past, added], [*state.ancestors, rows])
        return F.pad(self.symbol_logits(x), (N_SPECIALS, 0), value=-torch.inf), grown


def _block(
    layer: Any, x: Tensor, past: list[Tensor], memory: tuple[Tensor, Tensor], mask: Tensor
) -> tuple[Tensor, Tensor]:
    """A block of transformers' OPT on one token x [B * W, width], without dropout; and its keys and values."""
    attention, is_before = layer.self_attn, layer.do_layer_norm_before
    normed = layer.self_attn_layer_norm(x) if is_before else x
    heads = (len(x), attention.num_heads, attention.head_dim)  # (B * W, H, D)
    query = (attention.q_proj(normed).float() * attention.scaling).view(heads)
    # (B * W, 2, H, D)
    here = torch.stack([attention.k_proj(normed).float().view(heads), attention.v_proj(normed).float().view(heads)], 1)
    x = x + attention.out_proj(attend_branches(query, here, past, memory, mask))  # (B * W, width)
    x = x if is_before else layer.self_attn_layer_norm(x)
    normed = layer.final_layer_norm(x) if is_before else x
    x = x + layer.fc2(layer.activation_fn(layer.fc1(normed)))  # (B * W, inner) between the two
    return (x if is_before else layer.final_layer_norm(x)), here


def new_network(
    task: LanguageModelTask[LanguageModelOverCodes], vocabulary_size: int, options: LoRAOptions
) -> LanguageCodes:
    """A new network for the codes of a task."""
    n_levels = item_tokens(task).tokens.shape[1]
    model = LanguageCodes(task.load(), options, vocabulary_size, n_levels)
    model.check_length(task.options.max_items, n_levels, task.options.language_model)
    return model


def item_tokens(task: LanguageModelTask[LanguageModelOverCodes]) -> ItemTokens:
    """The catalogue as tokens of the vocabulary."""
    if task.codes is None:
        raise DataError("codes: found none; expected those of every item")
    return ItemTokens.from_codes(task.codes, task.options.collisions)
