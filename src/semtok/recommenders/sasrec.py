"""SASRec (Kang & McAuley, ICDM 2018) with the cross-entropy over the whole catalogue (methods.md 5.1).

Causal Transformer blocks over item vectors. After every step of a user's train part the network scores all items,
`h_t . e_i`; the loss is the cross-entropy of the item that came next. (The first SASRec drew one negative item a step,
which is markedly weaker.)

Shapes: B histories of T items, H heads of width D, d = H * D the hidden width.
"""

from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from semtok.config.recommenders import SASRec, SelfAttentionOptions
from semtok.recommenders.item_ids import decode_over_ids, train_over_ids
from semtok.recommenders.item_model import CausalModel, WindowBatch
from semtok.recommenders.sequences import Histories
from semtok.recommenders.task import Decoded, Task, Trained, Weights

INITIAL_DEVIATION = 0.02
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"gelu": F.gelu, "relu": F.relu}


class Attention(nn.Module):
    """Scaled dot-product attention of several heads, each step to itself and to what came before."""

    def __init__(self, options: SelfAttentionOptions) -> None:
        super().__init__()
        self.n_heads, self.dropout = options.n_heads, options.attention_dropout
        self.project_in = nn.Linear(options.hidden_dim, 3 * options.hidden_dim)
        self.project_out = nn.Linear(options.hidden_dim, options.hidden_dim)

    def forward(self, states: Tensor) -> Tensor:
        """[B, T, d] to [B, T, d]."""
        queries, keys, values = (
            part.unflatten(-1, (self.n_heads, -1)).transpose(1, 2)  # (B, H, T, D)
            for part in self.project_in(states).chunk(3, dim=-1)  # (B, T, 3d) to three of (B, T, d)
        )
        dropout = self.dropout if self.training else 0.0
        attended = F.scaled_dot_product_attention(queries, keys, values, dropout_p=dropout, is_causal=True)
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


class Block(nn.Module):
    """Attention, then the feed-forward part, each with a residual and a layer norm before or behind it."""

    def __init__(self, options: SelfAttentionOptions) -> None:
        super().__init__()
        self.norm_first = options.norm_first
        self.attention, self.feed_forward = Attention(options), FeedForward(options)
        self.attention_norm, self.feed_forward_norm = nn.LayerNorm(options.hidden_dim), nn.LayerNorm(options.hidden_dim)
        self.dropout = nn.Dropout(options.dropout)

    def forward(self, states: Tensor) -> Tensor:
        """[B, T, d] to [B, T, d]."""
        states = self._part(states, self.attention, self.attention_norm)
        return self._part(states, self.feed_forward, self.feed_forward_norm)

    def _part(self, states: Tensor, part: nn.Module, norm: nn.Module) -> Tensor:
        changed: Tensor
        if self.norm_first:
            changed = states + self.dropout(part(norm(states)))
        else:
            changed = norm(states + self.dropout(part(states)))
        return changed


class SASRecNetwork(CausalModel):
    """Items to states; the score of item i after step t is `h_t . e_i`, with the vectors that the items come in by.

    The parameter `item.weight` [n_items, d] holds the item vectors.
    """

    def __init__(self, options: SelfAttentionOptions, n_items: int, max_items: int) -> None:
        super().__init__()
        self.norm_first = options.norm_first
        self.item = nn.Embedding(n_items, options.hidden_dim)
        self.position = nn.Embedding(max_items, options.hidden_dim)
        self.norm = nn.LayerNorm(options.hidden_dim)
        self.dropout = nn.Dropout(options.dropout)
        self.blocks = nn.ModuleList(Block(options) for _ in range(options.n_layers))
        self.apply(_initialize)

    def forward(self, items: Tensor) -> Tensor:
        """The state after each of the items: [B, T] ids, oldest first, T at most `max_items`, to [B, T, d].

        Position 0 is the oldest item that is given.
        """
        positions = torch.arange(items.shape[1], device=items.device)  # (T,)
        states: Tensor = self.item(items) + self.position(positions)  # (B, T, d)
        states = self.dropout(states if self.norm_first else self.norm(states))
        for block in self.blocks:
            states = block(states)
        if self.norm_first:
            states = self.norm(states)
        return states

    def states(self, histories: Histories) -> Tensor:
        """The state after each step: [B, T, d]."""
        states: Tensor = self(self.tensor(histories.items))
        return states

    def scores_after(self, states: Tensor) -> Tensor:
        """Of every item of the catalogue: [N, d] to [N, n_items]."""
        scores: Tensor = states @ self.item.weight.T
        return scores

    def loss(self, windows: WindowBatch) -> Tensor:
        """The summed cross-entropy of the N items to predict []."""
        is_learned = self.tensor(windows.is_learned)  # (B, T)
        scores = self.scores_after(self.states(windows.histories)[is_learned])  # (N, n_items)
        return F.cross_entropy(scores.float(), self.tensor(windows.following)[is_learned], reduction="sum")


def _initialize(module: nn.Module) -> None:
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=INITIAL_DEVIATION)
    if isinstance(module, nn.Linear):
        nn.init.zeros_(module.bias)


def build(task: Task[SASRec]) -> SASRecNetwork:
    """A new network for the catalogue of the task."""
    return SASRecNetwork(task.options.model, task.sequences.n_items, task.options.max_items)


def train(task: Task[SASRec], checkpoint: str | Path, identity: str) -> Trained:
    """See `train_over_ids`."""
    return train_over_ids(task, checkpoint, identity, build)


def decode(task: Task[SASRec], weights: Weights) -> Decoded:
    """See `decode_over_ids`."""
    return decode_over_ids(task, weights, build)
