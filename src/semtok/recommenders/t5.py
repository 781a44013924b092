"""T5, the encoder-decoder of TIGER: Raffel et al., JMLR 2020, in its first version (ReLU).

Its blocks are those of `t5_blocks`. No position embeddings but a learned bias on the logits for each head and
(bucketed) distance, shared by all layers; and one embedding table for the encoder, the decoder and the output, whose
input is scaled by d_model^-0.5.

A departure from T5 is the causal encoder (`encoder: causal`): a token sees itself and those before it. What is encoded
of a history is then encoded of all its prefixes, and `every_target` has many targets in one pass.

Shapes: B sequences, S source tokens, T target tokens, H heads, D = d_kv the width of a head, M = d_model.
"""

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semtok.config.over_codes import T5Options, TransformerOptions
from semtok.recommenders.code_model import CodeModel, DecoderState
from semtok.recommenders.kernels import Pieces, causal_pieces, dropout
from semtok.recommenders.relative_position import RelativePositionBias
from semtok.recommenders.t5_blocks import (
    RMSNorm,
    T5CrossAttention,
    T5EncoderLayer,
    T5FeedForward,
    T5SelfAttention,
    initialize,
)
from semtok.recommenders.vocabulary import BOS


def hide_pads(mask: Tensor | None) -> Tensor | None:
    """From mask [B, S], True where there is a token, what added to logits hides the pads [B, 1, 1, S]."""
    if mask is None:
        return None
    return torch.zeros(mask.shape, device=mask.device).masked_fill_(~mask, -torch.inf)[:, None, None, :]


@dataclass(frozen=True)
class Sees:
    """Which tokens of a source each of N targets of T tokens attends to."""

    mask: Tensor
    """[B, 1, N * T, S]: 0 or -inf."""
    pieces: Pieces
    """Of the queries N * T, so that hardly any key is looked at that nobody sees."""

    @classmethod
    def first(cls, seen: Tensor, length: int) -> "Sees":
        """The first `seen` [B, N] tokens of the source, at least 1; `length` is T."""
        seen = seen.clamp(min=1).repeat_interleave(length, dim=1)  # (B, N * T)
        most = seen.max(dim=0).values.tolist()
        later = torch.arange(int(seen.max()), device=seen.device) >= seen[..., None]  # (B, N * T, S)
        mask = torch.zeros(later.shape, device=seen.device).masked_fill_(later, -torch.inf)
        return cls(mask.unsqueeze(1), [(stop, max(most[:stop])) for stop, _ in causal_pieces(len(most), seen.device)])


class DecoderLayer(nn.Module):
    """Causal self-attention, attention to the source, then feed-forward."""

    def __init__(self, options: TransformerOptions) -> None:
        super().__init__()
        self.attention, self.cross = T5SelfAttention(options), T5CrossAttention(options)
        self.feed_forward = T5FeedForward(options)

    def forward(self, x: Tensor, bias: Tensor, encoded: Tensor, mask: Tensor | None) -> Tensor:
        """X [B, T, M] one layer further."""
        out: Tensor = self.feed_forward(self.cross(self.attention(x, bias, None, True), encoded, mask))
        return out

    def every_target(self, x: Tensor, bias: Tensor, memory: tuple[Tensor, Tensor], sees: "Sees") -> Tensor:
        """N targets a sequence, x [B, N, T, M], each by itself, one layer further."""
        batch, n_targets, length, width = x.shape
        x = self.attention(x.flatten(0, 1), bias, None, True).view(batch, -1, width)  # (B, N * T, M)
        x = self.feed_forward(self.cross.attend(x, memory, sees.mask, sees.pieces))
        return x.view(batch, n_targets, length, width)


class T5(CodeModel):
    """The whole model."""

    def __init__(self, options: T5Options, vocabulary_size: int) -> None:
        super().__init__()
        self.options = options
        self.embedding = nn.Embedding(vocabulary_size, options.d_model)
        self.is_causal = options.encoder == "causal"
        self.encoder_bias = RelativePositionBias(options, bidirectional=not self.is_causal)
        self.encoder = nn.ModuleList(T5EncoderLayer(options) for _ in range(options.n_layers))
        self.encoder_norm = RMSNorm(options.d_model)
        self.decoder_bias = RelativePositionBias(options, bidirectional=False)
        self.decoder = nn.ModuleList(DecoderLayer(options) for _ in range(options.n_layers))
        self.decoder_norm = RMSNorm(options.d_model)
        initialize(self, options)

    def _dropout(self, x: Tensor) -> Tensor:
        return dropout(x, self.options.dropout * self.training)

    def encode(self, source: Tensor, mask: Tensor | None) -> Tensor:
        """Encode source [B, S] token ids; mask [B, S] is True where there is a token, None where there are no pads."""
        bias, hidden = self.encoder_bias(source.shape[1]), hide_pads(mask)
        x = self._dropout(self.embedding(source))
        for layer in self.encoder:
            x = layer(x, bias, hidden, self.is_causal)
        return self._dropout(self.encoder_norm(x))

    def decode(self, encoded: Tensor, mask: Tensor | None, target: Tensor) -> Tensor:
        """Logits [B, T, V] of the token after each of target [B, T]."""
        bias, hidden = self.decoder_bias(target.shape[1]), hide_pads(mask)
        x = self._dropout(self.embedding(target))
        for layer in self.decoder:
            x = layer(x, bias, encoded, hidden)
        return self._logits(self._dropout(self.decoder_norm(x)))

    def _logits(self, x: Tensor) -> Tensor:
        """Logits in float32 even under autocast: rounded ones would rank many items alike."""
        with torch.autocast(x.device.type, enabled=False):
            return F.linear(x.float() * self.options.d_model**-0.5, self.embedding.weight)

    def forward(self, source: Tensor, mask: Tensor | None, target: Tensor) -> Tensor:
        """The summed cross-entropy (nats) of target [B, 1 + T], whose first token starts the decoder."""
        logits = self.decode(self.encode(source, mask), mask, target[:, :-1])
        return F.cross_entropy(logits.flatten(0, 1), target[:, 1:].flatten(), reduction="sum")

    def every_target(self, source: Tensor, target: Tensor, seen: Tensor) -> Tensor:
        """The summed cross-entropy (nats) of N targets in each source [B, S], which is encoded once, causally.

        target [B, N, 1 + T], each starting the decoder anew; seen [B, N]: the tokens of the source that come before it,
        0 where there is no such target. What is behind all that a target sees, as pads are, does not matter.
        """
        encoded = self.encode(source, None)
        sees = Sees.first(seen, target.shape[2] - 1)
        bias = self.decoder_bias(target.shape[2] - 1)
        x = self._dropout(self.embedding(target[..., :-1]))  # (B, N, T, M)
        for layer in self._decoder_layers():
            x = layer.every_target(x, bias, layer.cross.remember(encoded), sees)
        is_target = seen > 0
        logits = self._logits(self._dropout(self.decoder_norm(x[is_target])))  # (K, T, V)
        return F.cross_entropy(logits.flatten(0, 1), target[is_target][:, 1:].flatten(), reduction="sum")

    def _decoder_layers(self) -> list[DecoderLayer]:
        return cast(list[DecoderLayer], list(self.decoder))

    def begin(self, source: Tensor, mask: Tensor | None) -> tuple[Tensor, DecoderState]:
        """BOS for each source, and the state before it."""
        encoded = self.encode(source, mask)
        memory = [layer.cross.remember(encoded) for layer in self._decoder_layers()]
        return source.new_full((len(source),), BOS), DecoderState(memory, hide_pads(mask), [], [])

    def step(self, tokens: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """Logits [B * W, V] of the token after `tokens` [B * W], W rows a source, and the state with them in it."""
        bias = self.decoder_bias(len(state.past) + 1, first_query=len(state.past))
        x, here = self.embedding(tokens), []
        for number, layer in enumerate(self._decoder_layers()):
            past = [step[number].index_select(0, rows) for step, rows in zip(state.past, state.ancestors, strict=True)]
            x, key_value = layer.attention.step(x, bias, past)
            rows = x.view(len(state.memory[number][0]), -1, x.shape[1])  # (B, W, M)
            x = layer.feed_forward(layer.cross.attend(rows, state.memory[number], state.mask)).flatten(0, 1)
            here.append(key_value)
        rows = torch.arange(len(tokens), device=tokens.device)
        grown = DecoderState(state.memory, state.mask, [*state.past, here], [*state.ancestors, rows])
        return self._logits(self.decoder_norm(x)), grown
