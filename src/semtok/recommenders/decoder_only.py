"""A decoder-only recommender over codes: one causal stream of the codes of a user's items, each code predicted.

The form of GPT-style generators and, up to its attention, of HSTU's (Zhai et al., ICML 2024): no encoder, no cross-
attention, no token between items. Its blocks are T5's, so that it differs from `tiger` in form alone. No paper of this
project has it as a row; it stands in none of TIGER's places.

Shapes: B histories, S tokens, H heads, D = d_kv the width of a head, M = d_model, V tokens of the vocabulary.
"""

from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semtok.config.over_codes import DecoderOnly, TransformerOptions
from semtok.recommenders.branching import attend_branches
from semtok.recommenders.code_model import CodeModel, DecoderState
from semtok.recommenders.item_codes import decode_over_codes, train_over_codes
from semtok.recommenders.kernels import dropout
from semtok.recommenders.prefixes import EveryTarget
from semtok.recommenders.relative_position import RelativePositionBias
from semtok.recommenders.t5_blocks import RMSNorm, T5EncoderLayer, T5SelfAttention, initialize
from semtok.recommenders.task import Decoded, RecommenderTask, Trained, Weights

HIDDEN = -1e9


class CodeStream(CodeModel):
    """The network."""

    def __init__(self, options: TransformerOptions, vocabulary_size: int) -> None:
        super().__init__()
        self.options = options
        self.embedding = nn.Embedding(vocabulary_size, options.d_model)
        self.bias = RelativePositionBias(options, bidirectional=False)
        self.layers: list[T5EncoderLayer] = nn.ModuleList(T5EncoderLayer(options) for _ in range(options.n_layers))  # type: ignore[assignment]
        self.norm = RMSNorm(options.d_model)
        initialize(self, options)

    def forward(self, stream: Tensor, hidden: Tensor | None = None) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
        """States [B, S, M] after each token of stream [B, S], and the keys and values of every layer.

        hidden [B, 1, 1, S] is added to the logits of attention.
        """
        bias, memory = self.bias(stream.shape[1]), []
        x = self._dropout(self.embedding(stream))
        for layer in self.layers:
            memory.append(layer.attention.project(x)[1:])
            x = layer(x, bias, hidden, is_causal=True)
        return self._dropout(self.norm(x)), memory

    def every_target(self, source: Tensor, target: Tensor, seen: Tensor) -> Tensor:
        """See `CodeModel`; every token of a target sees all of the stream before it, earlier codes of its own too."""
        n_levels = target.shape[2] - 1
        place = seen[..., None] + torch.arange(n_levels, device=seen.device)  # (B, N, L)
        place = place.masked_fill(seen[..., None] == 0, source.shape[1] + n_levels).flatten(1)  # a place of its own
        # The target of one history is the last item of the next one, so this only adds the last target of each window.
        stream = F.pad(source, (0, n_levels + 1)).scatter(1, place, target[..., 1:].flatten(1))[:, :-1]
        is_target = torch.zeros_like(F.pad(stream, (0, 1)), dtype=torch.bool).scatter(1, place, True)[:, 1:-1]
        states, _ = self(stream[:, :-1])  # (B, S + L - 1, M)
        logits = self._logits(states[is_target])  # (K, V)
        return F.cross_entropy(logits, stream[:, 1:][is_target], reduction="sum")

    def begin(self, source: Tensor, mask: Tensor | None) -> tuple[Tensor, DecoderState]:
        """The last token of each history, and the state before it."""
        hidden = None
        if mask is not None:  # pads to the front, so that all histories end, and go on, at the same place
            n_pads = (~mask).sum(dim=1, keepdim=True)
            place = torch.arange(source.shape[1], device=source.device) - n_pads  # (B, S)
            source = source.gather(1, place.clamp(min=0))
            # No -inf, since a pad, which sees only pads, is computed, too.
            hidden = (place[:, :-1] < 0)[:, None, None, :] * HIDDEN
        _, memory = self(source[:, :-1], hidden)
        return source[:, -1], DecoderState(memory, hidden, [], [])

    def step(self, tokens: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """See `CodeModel`."""
        n_before = state.memory[0][0].shape[2]  # the tokens of the histories but the last
        here = n_before + len(state.past)
        bias = self.bias(here + 1, first_query=here)  # (H, 1, here + 1)
        x, added = self.embedding(tokens), []
        for number, layer in enumerate(self.layers):
            past = [step[number].index_select(0, rows) for step, rows in zip(state.past, state.ancestors, strict=True)]
            x, key_value = _attend_one(layer.attention, x, bias, state.memory[number], state.mask, past)
            x = layer.feed_forward(x)
            added.append(key_value)
        rows = torch.arange(len(tokens), device=tokens.device)
        grown = DecoderState(state.memory, state.mask, [*state.past, added], [*state.ancestors, rows])
        return self._logits(self.norm(x)), grown

    def _dropout(self, x: Tensor) -> Tensor:
        return dropout(x, self.options.dropout * self.training)

    def _logits(self, x: Tensor) -> Tensor:
        """Logits in float32 even under autocast: rounded ones would rank many items alike."""
        with torch.autocast(x.device.type, enabled=False):
            return F.linear(x.float() * self.options.d_model**-0.5, self.embedding.weight)


def _attend_one(
    attention: T5SelfAttention,
    x: Tensor,
    bias: Tensor,
    memory: tuple[Tensor, Tensor],
    mask: Tensor | None,
    past: list[Tensor],
) -> tuple[Tensor, Tensor]:
    """One token x [B * W, M] of W rows a history, which share `memory` [B, H, S, D] and have t tokens each behind it.

    bias [H, 1, S + t + 1]; mask [B, 1, 1, S]; past: keys and values [B * W, 2, H, D] of each of the t tokens. Returns
    the result, and the keys and values of this token.
    """
    heads = attention.query_key_value(attention.norm(x)).float().view(len(x), 3, attention.n_heads, attention.d_kv)
    query, here = heads[:, 0], heads[:, 1:]  # (B * W, H, D), (B * W, 2, H, D)
    return x + attention.out(attend_branches(query, here, past, memory, mask, bias)), here


def build(task: RecommenderTask[DecoderOnly], vocabulary_size: int) -> CodeStream:
    """A new network."""
    return CodeStream(task.options.model, vocabulary_size)


def train(task: RecommenderTask[DecoderOnly], checkpoint: str | Path, identity: str) -> Trained:
    """See `train_over_codes`."""
    return train_over_codes(task, checkpoint, identity, build, partial(EveryTarget, seed=task.seed))


def decode(task: RecommenderTask[DecoderOnly], weights: Weights) -> Decoded:
    """See `decode_over_codes`."""
    return decode_over_codes(task, weights, build)
