"""Blocks of self-attention over the steps of a history: what SASRec and BERT4Rec share.

Shapes: B histories of T steps, H heads of width D, d = H * D the hidden width.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from semtok.config.over_ids import SelfAttentionOptions

INITIAL_DEVIATION = 0.02
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"gelu": F.gelu, "relu": F.relu}


class MultiHeadAttention(nn.Module):
    """Scaled dot-product attention of several heads."""

    def __init__(self, options: SelfAttentionOptions) -> None:
        super().__init__()
        self.n_heads, self.dropout = options.n_heads, options.attention_dropout
        self.project_in = nn.Linear(options.hidden_dim, 3 * options.hidden_dim)
        self.project_out = nn.Linear(options.hidden_dim, options.hidden_dim)

    def forward(self, states: Tensor, real: Tensor | None) -> Tensor:
        """[B, T, d] to [B, T, d]; `real` as in `TransformerEncoder`."""
        queries, keys, values = (
            part.unflatten(-1, (self.n_heads, -1)).transpose(1, 2)  # (B, H, T, D)
            for part in self.project_in(states).chunk(3, dim=-1)  # (B, T, 3d) to three of (B, T, d)
        )
        dropout = self.dropout if self.training else 0.0
        visible = None if real is None else real[:, None, None, :]  # (B, 1, 1, T)
        attended = F.scaled_dot_product_attention(
            queries, keys, values, attn_mask=visible, dropout_p=dropout, is_causal=real is None
        )
        projected: Tensor = self.project_out(attended.transpose(1, 2).flatten(2))  # (B, H, T, D) to (B, T, d)
        return projected


class FeedForward(nn.Module):
    """Two layers, each step by itself."""

    def __init__(self, options: SelfAttentionOptions) -> None:
        super().__init__()
        self.activation = ACTIVATIONS[options.activation]
        self.widen = nn.Linear(options.hidden_dim, options.inner_dim)
        self.narrow = nn.Linear(options.inner_dim, options.hidden_dim)

    def forward(self, states: Tensor) -> Tensor:
        """[B, T, d] to [B, T, d]."""
        narrowed: Tensor = self.narrow(self.activation(self.widen(states)))
        return narrowed


class TransformerLayer(nn.Module):
    """Attention, then the feed-forward part, each with a residual and a layer norm before or behind it."""

    def __init__(self, options: SelfAttentionOptions) -> None:
        super().__init__()
        self.norm_first = options.norm_first
        self.attention, self.feed_forward = MultiHeadAttention(options), FeedForward(options)
        self.attention_norm, self.feed_forward_norm = nn.LayerNorm(options.hidden_dim), nn.LayerNorm(options.hidden_dim)
        self.dropout = nn.Dropout(options.dropout)

    def forward(self, states: Tensor, real: Tensor | None) -> Tensor:
        """[B, T, d] to [B, T, d]; `real` as in `TransformerEncoder`."""
        if self.norm_first:
            states = states + self.dropout(self.attention(self.attention_norm(states), real))
            states = states + self.dropout(self.feed_forward(self.feed_forward_norm(states)))
        else:
            states = self.attention_norm(states + self.dropout(self.attention(states, real)))
            states = self.feed_forward_norm(states + self.dropout(self.feed_forward(states)))
        return states


class TransformerEncoder(nn.Module):
    """Vectors of a sequence, with learned positions, through blocks."""

    def __init__(self, options: SelfAttentionOptions, n_positions: int) -> None:
        super().__init__()
        self.norm_first = options.norm_first
        self.position = nn.Embedding(n_positions, options.hidden_dim)
        self.norm = nn.LayerNorm(options.hidden_dim)
        self.dropout = nn.Dropout(options.dropout)
        self.blocks = nn.ModuleList(TransformerLayer(options) for _ in range(options.n_layers))

    def forward(self, vectors: Tensor, real: Tensor | None = None) -> Tensor:
        """Vectors [B, T, d], the oldest step first, to states [B, T, d].

        Args:
            vectors: T at most `n_positions`; position 0 is the oldest step that is given.
            real: [B, T], the steps that every other one sees, which padding is not; None: each step sees itself and
                what came before.
        """
        states: Tensor = vectors + self.position(torch.arange(vectors.shape[1], device=vectors.device))  # (B, T, d)
        states = self.dropout(states if self.norm_first else self.norm(states))
        for block in self.blocks:
            states = block(states, real)
        if self.norm_first:
            states = self.norm(states)
        return states


def initialize(module: nn.Module) -> None:
    """Small normal weights and no biases, in one of the modules of a network."""
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=INITIAL_DEVIATION)
    if isinstance(module, nn.Linear):
        nn.init.zeros_(module.bias)
