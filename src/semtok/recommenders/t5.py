"""T5, the encoder-decoder of TIGER (methods.md 4.1): Raffel et al., JMLR 2020, in its first version (ReLU).

What sets it apart from the Transformer of the textbooks: normalisation before every block by the root mean square and
without a shift; attention logits that are not divided by the square root of the width (the initialisation does that
instead); no position embeddings but a learned bias on the logits for each head and (bucketed) distance, shared by all
layers; no biases in linear maps; and one embedding table for the encoder, the decoder and the output, whose input is
scaled by d_model^-0.5.

A departure from T5 is the causal encoder (`encoder: causal`): a token sees itself and those before it. What is encoded
of a history is then encoded of all its prefixes, and `every_target` has many targets in one pass.

Shapes: B sequences, S source tokens, T target tokens, H heads, D = d_kv the width of a head, M = d_model.
"""

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semtok.config.recommenders import T5Options, TransformerOptions
from semtok.recommenders.code_model import CodeModel, DecoderState
from semtok.recommenders.kernels import (
    Pieces,
    attend,
    attention_weights,
    causal_pieces,
    dropout,
    relu_dropout,
    rms_norm,
)
from semtok.recommenders.relative_position import RelativePositionBias
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


class RMSNorm(nn.Module):
    """Scale to a root mean square of 1, then by a learned factor per channel."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise the last dimension."""
        return rms_norm(x, self.weight)


class SelfAttention(nn.Module):
    """Attention of a sequence to itself; query, key and value maps are one matrix."""

    def __init__(self, options: TransformerOptions) -> None:
        super().__init__()
        self.n_heads, self.d_kv, self.dropout = options.n_heads, options.d_kv, options.dropout
        inner = self.n_heads * self.d_kv
        self.norm = RMSNorm(options.d_model)
        self.query_key_value = nn.Linear(options.d_model, 3 * inner, bias=False)
        self.out = nn.Linear(inner, options.d_model, bias=False)

    def project(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values [..., H, T, D] of x [..., T, M]."""
        heads = self.query_key_value(self.norm(x)).view(*x.shape[:-1], 3, self.n_heads, self.d_kv)
        query, key, value = heads.movedim(-3, 0).transpose(-2, -3).unbind(0)
        return query, key, value

    def forward(self, x: Tensor, bias: Tensor, mask: Tensor | None, is_causal: bool) -> Tensor:
        """X [B, T, M] plus what it attends to; bias [H, T, T]; mask [B, 1, 1, T] of 0 and, at pads, -inf."""
        query, key, value = self.project(x)
        probability = self.dropout * self.training
        pieces = causal_pieces(x.shape[1], x.device) if is_causal else None
        attended = attend(query, key, value, bias, mask, probability, pieces)
        return x + dropout(self.out(attended.transpose(1, 2).flatten(2)), probability)

    def step(self, x: Tensor, bias: Tensor, past: list[Tensor]) -> tuple[Tensor, Tensor]:
        """One position x [R, M] of R rows, given keys and values [R, 2, H, D] of each of its t predecessors.

        Returns the result and the keys and values of this position. There are few positions and many rows, so sums over
        a position at a time are faster than matrix products of a row at a time.
        """
        heads = self.query_key_value(self.norm(x)).float().view(len(x), 3, self.n_heads, self.d_kv)
        query, here = heads[:, 0], heads[:, 1:]
        logits = torch.stack([(query * position[:, 0]).sum(-1) for position in (*past, here)], dim=-1)
        weights = (logits + bias.squeeze(1)).softmax(-1).unsqueeze(-2).unbind(-1)
        attended = torch.zeros_like(query)
        for weight, position in zip(weights, (*past, here), strict=True):
            attended.addcmul_(weight, position[:, 1])
        return x + self.out(attended.flatten(1)), here


class CrossAttention(nn.Module):
    """Attention of the target to the encoded source, without position bias."""

    def __init__(self, options: TransformerOptions) -> None:
        super().__init__()
        self.n_heads, self.d_kv, self.dropout = options.n_heads, options.d_kv, options.dropout
        inner = self.n_heads * self.d_kv
        self.norm = RMSNorm(options.d_model)
        self.query = nn.Linear(options.d_model, inner, bias=False)
        self.key = nn.Linear(options.d_model, inner, bias=False)
        self.value = nn.Linear(options.d_model, inner, bias=False)
        self.out = nn.Linear(inner, options.d_model, bias=False)

    def forward(self, x: Tensor, encoded: Tensor, mask: Tensor | None) -> Tensor:
        """X [B, T, M] plus what it takes from `encoded` [B, S, M]; mask [B, 1, 1, S] of 0 and, at pads, -inf.

        The target is a handful of tokens and the source up to hundreds, so the key map is moved to the query's side,
        q.(W_k e) = (W_k^T q).e, and the value map behind the weighted sum: no source token is ever projected.
        """
        query = self.query(self.norm(x)).view(*x.shape[:2], self.n_heads, self.d_kv)
        key_map = self.key.weight.view(self.n_heads, self.d_kv, -1)
        value_map = self.value.weight.view(self.n_heads, self.d_kv, -1)
        query = torch.einsum("bthd,hdm->bhtm", query, key_map)
        batch, heads, length, width = query.shape
        logits = query.reshape(batch, heads * length, width) @ encoded.transpose(1, 2)
        flat_mask = None if mask is None else mask.squeeze(1)
        weights = attention_weights(logits, None, flat_mask, self.dropout * self.training)
        summed = (weights @ encoded).view(batch, heads, length, width)
        attended = torch.einsum("bhtm,hdm->bthd", summed, value_map).flatten(2)
        return x + dropout(self.out(attended), self.dropout * self.training)

    def remember(self, encoded: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values [B, H, S, D] of `encoded`, for many steps of decoding."""
        heads = (*encoded.shape[:2], self.n_heads, self.d_kv)
        key = self.key(encoded).view(heads).transpose(1, 2).contiguous()
        value = self.value(encoded).view(heads).transpose(1, 2).contiguous()
        return key, value

    def attend(
        self, x: Tensor, memory: tuple[Tensor, Tensor], mask: Tensor | None, pieces: Pieces | None = None
    ) -> Tensor:
        """X [B, Q, M] plus what it takes from sources in `memory`, as `forward`; mask [B, 1, 1 or Q, S]."""
        key, value = memory
        probability = self.dropout * self.training
        query = self.query(self.norm(x)).view(*x.shape[:2], self.n_heads, self.d_kv).transpose(1, 2)
        attended = attend(query, key, value, None, mask, probability, pieces)  # (B, H, Q, D)
        return x + dropout(self.out(attended.transpose(1, 2).flatten(2)), probability)


class FeedForward(nn.Module):
    """Two linear maps with a ReLU between."""

    def __init__(self, options: TransformerOptions) -> None:
        super().__init__()
        self.dropout = options.dropout
        self.norm = RMSNorm(options.d_model)
        self.widen = nn.Linear(options.d_model, options.d_ff, bias=False)
        self.narrow = nn.Linear(options.d_ff, options.d_model, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """X [..., M] plus its transformation."""
        probability = self.dropout * self.training
        return x + dropout(self.narrow(relu_dropout(self.widen(self.norm(x)), probability)), probability)


class EncoderLayer(nn.Module):
    """Self-attention, then feed-forward."""

    def __init__(self, options: TransformerOptions) -> None:
        super().__init__()
        self.attention, self.feed_forward = SelfAttention(options), FeedForward(options)

    def forward(self, x: Tensor, bias: Tensor, mask: Tensor | None, is_causal: bool) -> Tensor:
        """X [B, S, M] one layer further."""
        out: Tensor = self.feed_forward(self.attention(x, bias, mask, is_causal))
        return out


class DecoderLayer(nn.Module):
    """Causal self-attention, attention to the source, then feed-forward."""

    def __init__(self, options: TransformerOptions) -> None:
        super().__init__()
        self.attention, self.cross = SelfAttention(options), CrossAttention(options)
        self.feed_forward = FeedForward(options)

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


@torch.no_grad()
def initialize(model: nn.Module, options: TransformerOptions) -> None:
    """T5's own initialisation (Mesh TensorFlow, factor 1): normal, and such that every map keeps the variance.

    Queries get the further factor d_kv^-0.5 that takes the place of the scaling of the logits.
    """
    width, inner = options.d_model, options.n_heads * options.d_kv
    for module in model.modules():
        if isinstance(module, RelativePositionBias):
            module.weight.normal_(std=width**-0.5)
        elif isinstance(module, SelfAttention):
            module.query_key_value.weight.normal_(std=width**-0.5)
            module.query_key_value.weight[:inner] *= options.d_kv**-0.5
            module.out.weight.normal_(std=inner**-0.5)
        elif isinstance(module, CrossAttention):
            module.query.weight.normal_(std=(width * options.d_kv) ** -0.5)
            module.key.weight.normal_(std=width**-0.5)
            module.value.weight.normal_(std=width**-0.5)
            module.out.weight.normal_(std=inner**-0.5)
        elif isinstance(module, FeedForward):
            module.widen.weight.normal_(std=width**-0.5)
            module.narrow.weight.normal_(std=options.d_ff**-0.5)
        elif isinstance(module, nn.Embedding):
            module.weight.normal_(std=1.0)


class T5(CodeModel):
    """The whole model."""

    def __init__(self, options: T5Options, vocabulary_size: int) -> None:
        super().__init__()
        self.options = options
        self.embedding = nn.Embedding(vocabulary_size, options.d_model)
        self.is_causal = options.encoder == "causal"
        self.encoder_bias = RelativePositionBias(options, bidirectional=not self.is_causal)
        self.encoder = nn.ModuleList(EncoderLayer(options) for _ in range(options.n_layers))
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
