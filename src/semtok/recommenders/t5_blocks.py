"""The blocks of T5 (Raffel et al., JMLR 2020), of which `t5` and `decoder_only` are built.

What sets them apart from the Transformer of the textbooks: normalisation before every block by the root mean square and
without a shift; attention logits that are not divided by the square root of the width (the initialisation does that
instead); a bias on the logits in place of position embeddings; no biases in linear maps.

Shapes: B sequences, S source tokens, T target tokens, H heads, D = d_kv the width of a head, M = d_model.
"""

import torch
from torch import Tensor, nn

from semtok.config.over_codes import TransformerOptions
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


class RMSNorm(nn.Module):
    """Scale to a root mean square of 1, then by a learned factor per channel."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise the last dimension."""
        return rms_norm(x, self.weight)


class T5SelfAttention(nn.Module):
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


class T5CrossAttention(nn.Module):
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
        query = torch.einsum("bthd,hdm->bhtm", query, key_map)  # (B, H, T, M)
        batch, heads, length, width = query.shape
        logits = query.reshape(batch, heads * length, width) @ encoded.transpose(1, 2)  # (B, H * T, S)
        flat_mask = None if mask is None else mask.squeeze(1)  # (B, 1, S)
        weights = attention_weights(logits, None, flat_mask, self.dropout * self.training)  # (B, H * T, S)
        summed = (weights @ encoded).view(batch, heads, length, width)  # (B, H, T, M)
        attended = torch.einsum("bhtm,hdm->bthd", summed, value_map).flatten(2)  # (B, T, H * D)
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


class T5FeedForward(nn.Module):
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


class T5EncoderLayer(nn.Module):
    """Self-attention, then feed-forward."""

    def __init__(self, options: TransformerOptions) -> None:
        super().__init__()
        self.attention, self.feed_forward = T5SelfAttention(options), T5FeedForward(options)

    def forward(self, x: Tensor, bias: Tensor, mask: Tensor | None, is_causal: bool) -> Tensor:
        """X [B, S, M] one layer further."""
        out: Tensor = self.feed_forward(self.attention(x, bias, mask, is_causal))
        return out


@torch.no_grad()
def initialize(model: nn.Module, options: TransformerOptions) -> None:
    """T5's own initialisation (Mesh TensorFlow, factor 1): normal, and such that every map keeps the variance.

    Queries get the further factor d_kv^-0.5 that takes the place of the scaling of the logits.
    """
    width, inner = options.d_model, options.n_heads * options.d_kv
    for module in model.modules():
        if isinstance(module, RelativePositionBias):
            module.weight.normal_(std=width**-0.5)
        elif isinstance(module, T5SelfAttention):
            module.query_key_value.weight.normal_(std=width**-0.5)
            module.query_key_value.weight[:inner] *= options.d_kv**-0.5
            module.out.weight.normal_(std=inner**-0.5)
        elif isinstance(module, T5CrossAttention):
            module.query.weight.normal_(std=(width * options.d_kv) ** -0.5)
            module.key.weight.normal_(std=width**-0.5)
            module.value.weight.normal_(std=width**-0.5)
            module.out.weight.normal_(std=inner**-0.5)
        elif isinstance(module, T5FeedForward):
            module.widen.weight.normal_(std=width**-0.5)
            module.narrow.weight.normal_(std=options.d_ff**-0.5)
        elif isinstance(module, nn.Embedding):
            module.weight.normal_(std=1.0)
