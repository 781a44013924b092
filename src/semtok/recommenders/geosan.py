"""GeoSAN (Lian et al., KDD 2020): self-attention over items and where they lie.

An item is its own vector beside one of its tile on the map: the digits of the tile's quadkey, read in overlapping
pieces by a small Transformer, so that near tiles, which begin alike, are alike. A causal Transformer reads the
check-ins. A candidate then looks for itself among the states of the history (the target-aware decoder) and is scored by
the dot product with what it finds. Negatives are drawn from the places nearest to the target.

The paper ranks a user's last new place among a hundred near ones; here all items are ranked for every target.

Shapes: B histories of T check-ins, C candidates, P pieces of a quadkey, d the width of an item's whole vector.
"""

import math
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from semtok.config.over_ids import GeographyOptions, GeoSAN
from semtok.encoders.geography import quadkeys
from semtok.recommenders.check_ins import CheckIns
from semtok.recommenders.item_ids import decode_over_ids, train_over_ids
from semtok.recommenders.item_model import ItemModel, WindowBatch
from semtok.recommenders.sequences import Histories, Integers
from semtok.recommenders.task import Decoded, RecommenderTask, Trained, Weights

MOST_PAIRS = 2**14
"""How many pairs of a history and a candidate to hold at once while ranking, each of them a vector."""


def pieces_of(check_ins: CheckIns, level: int, length: int) -> tuple[Integers, Integers]:
    """The distinct tiles of the items as pieces [n_tiles, P], each the number that its digits are, and each item's
    tile [n_items]."""
    digits = quadkeys(check_ins.latitude, check_ins.longitude, level)  # (n_items, level)
    windows = np.lib.stride_tricks.sliding_window_view(digits, length, axis=1)  # (n_items, P, length)
    pieces, tile = np.unique(windows @ 4 ** np.arange(length)[::-1], axis=0, return_inverse=True)
    return pieces, tile.reshape(-1)


def blocks(dim: int, n_heads: int, n_layers: int, dropout: float) -> nn.TransformerEncoder:
    """Transformer blocks as torch has them, the feed-forward part as wide as the states."""
    block = nn.TransformerEncoderLayer(dim, n_heads, dim, dropout, batch_first=True)
    return nn.TransformerEncoder(block, n_layers, enable_nested_tensor=False)


def sinusoids(n: int, dim: int) -> Tensor:
    """The Transformer's fixed positions [n, dim]."""
    angles = torch.arange(n).unsqueeze(1) * torch.exp(torch.arange(0, dim, 2) * (-math.log(10_000) / dim))
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)[:, :dim]


class GeoSANNetwork(ItemModel):
    """Histories to scores of candidates."""

    def __init__(self, options: GeoSAN, check_ins: CheckIns, n_items: int) -> None:
        super().__init__()
        size: GeographyOptions = options.model
        dim = size.item_dim + size.geography_dim
        self.negatives, self.attention_decoder = options.negatives, size.attention_decoder
        pieces, tile = pieces_of(check_ins, size.quadkey_level, size.gram_length)
        self.item = nn.Embedding(n_items, size.item_dim)
        self.piece = nn.Embedding(4**size.gram_length, size.geography_dim)
        self.place_in_key = nn.Parameter(torch.empty(pieces.shape[1], size.geography_dim))
        self.geography = blocks(size.geography_dim, 1, size.geography_layers, size.dropout)
        self.blocks = blocks(dim, size.n_heads, size.n_layers, size.dropout)
        self.norm = nn.LayerNorm(dim)
        self.dropout = nn.Dropout(size.dropout)
        for table in (self.item.weight, self.piece.weight, self.place_in_key):
            nn.init.xavier_normal_(table)
        for name, table in (
            ("pieces", torch.from_numpy(pieces)),
            ("tile", torch.from_numpy(tile)),
            ("order", sinusoids(options.max_items, dim)),
            ("nearest", torch.from_numpy(check_ins.nearest(options.negatives.nearest))),
        ):
            self.register_buffer(name, table, persistent=False)

    def vectors(self, items: Tensor) -> Tensor:
        """The whole vectors of items, ids of any shape [...] to [..., d]; each tile among them is read once.

        Learned tables are scaled by the square root of their width, as in the public code.
        """
        tiles, tile = torch.unique(self.get_buffer("tile")[items], return_inverse=True)
        pieces = self.piece(self.get_buffer("pieces")[tiles]) * math.sqrt(self.piece.embedding_dim)  # (n, P, .)
        geography = self.geography(self.dropout(pieces + self.place_in_key)).mean(dim=1)  # (n, .)
        return torch.cat([self.item(items) * math.sqrt(self.item.embedding_dim), geography[tile]], dim=-1)

    def states(self, vectors: Tensor) -> Tensor:
        """The state after each check-in, of their whole vectors: [B, T, d] to [B, T, d]."""
        steps = vectors.shape[1]
        later = nn.Transformer.generate_square_subsequent_mask(steps, device=vectors.device)
        inputs = self.dropout(vectors * math.sqrt(vectors.shape[2]) + self.get_buffer("order")[:steps])
        states: Tensor = self.blocks(inputs, mask=later, is_causal=True)
        return states

    def match(self, states: Tensor, last: Tensor, candidates: Tensor, is_past: Tensor) -> Tensor:
        """The scores of candidates for histories: [B, C].

        Args:
            states: after each check-in, [B, T, d].
            last: the state after the last check-in that each candidate may know of, [B, C, d] or [B, 1, d].
            candidates: their whole vectors, [B, C, d].
            is_past: the check-ins that each candidate may know of, [B, C, T] or what broadcasts to it.
        """
        if self.attention_decoder:
            found = F.scaled_dot_product_attention(candidates, states, states, attn_mask=is_past)  # (B, C, d)
            last = self.norm(found + last)
        return (last * candidates).sum(dim=2)

    def loss(self, windows: WindowBatch) -> Tensor:
        """The summed importance-weighted binary cross-entropy of the targets [].

        -log sigma(s_target) - sum over negatives of p_n log(1 - sigma(s_n)), p = softmax(s_n / temperature). As in the
        public code the weights p have a gradient of their own.
        """
        items, targets = self.tensor(windows.histories.items), self.tensor(windows.following)  # (B, T)
        nearest = self.get_buffer("nearest")
        drawn = torch.randint(nearest.shape[1], (*targets.shape, self.negatives.count), device=self.device)
        candidates = torch.cat([targets.unsqueeze(2), nearest[targets.unsqueeze(2), drawn]], dim=2)  # (B, T, 1 + n)
        vectors = self.vectors(torch.cat([items.unsqueeze(2), candidates], dim=2))  # (B, T, 2 + n, d)
        states = self.states(vectors[:, :, 0])  # (B, T, d)
        steps, each = items.shape[1], candidates.shape[2]
        is_past = torch.ones(steps, steps, dtype=torch.bool, device=self.device).tril()
        scores = self.match(
            states,
            states.repeat_interleave(each, dim=1),
            vectors[:, :, 1:].flatten(1, 2),
            is_past.repeat_interleave(each, dim=0),
        )  # (B, T (1 + n))
        learned = scores.view(candidates.shape)[self.tensor(windows.is_learned)].float()  # (N, 1 + n)
        target, negatives = learned[:, 0], learned[:, 1:]
        weights = (negatives / self.negatives.temperature).softmax(dim=1)
        return (F.softplus(-target) + (weights * F.softplus(negatives)).sum(dim=1)).sum()

    def scores(self, histories: Histories) -> Tensor:
        """Of every item to come next: [B, n_items]."""
        catalogue = self.vectors(torch.arange(self.item.num_embeddings, device=self.device))  # (n_items, d)
        states = self.states(catalogue[self.tensor(histories.items)])  # (B, T, d)
        rows = torch.arange(len(states), device=self.device)
        last = states[rows, self.tensor(histories.lengths - 1)].unsqueeze(1)  # (B, 1, d)
        if not self.attention_decoder:
            return last.squeeze(1) @ catalogue.T
        is_past = self.tensor(histories.real).unsqueeze(1)  # (B, 1, T)
        return torch.cat(
            [
                self.match(states[some], last[some], catalogue.expand(len(some), -1, -1), is_past[some])
                for some in torch.split(rows, max(1, MOST_PAIRS // len(catalogue)))
            ]
        )


def build(task: RecommenderTask[GeoSAN]) -> GeoSANNetwork:
    """A new network for the catalogue of the task."""
    return GeoSANNetwork(task.options, CheckIns.from_task(task), task.sequences.n_items)


def train(task: RecommenderTask[GeoSAN], checkpoint: str | Path, identity: str) -> Trained:
    """See `train_over_ids`."""
    return train_over_ids(task, checkpoint, identity, build)


def decode(task: RecommenderTask[GeoSAN], weights: Weights) -> Decoded:
    """See `decode_over_ids`."""
    return decode_over_ids(task, weights, build)
