"""T5's learned bias on attention logits by the (bucketed) distance of key and query (Raffel et al., JMLR 2020)."""

import math

import torch
from torch import Tensor, nn

from semtok.config.over_codes import TransformerOptions


def relative_position_bucket(distance: Tensor, n_buckets: int, max_distance: int, bidirectional: bool) -> Tensor:
    """The bucket of each `distance` = key position - query position.

    Half of the buckets hold one distance each, the other half grow logarithmically up to `max_distance`; beyond it all
    share the last. Bidirectional: one half of all buckets for keys after the query. Else keys after it count as 0.
    """
    offset = torch.zeros_like(distance)
    if bidirectional:
        n_buckets //= 2
        offset = (distance > 0).long() * n_buckets
        distance = distance.abs()
    else:
        distance = (-distance).clamp(min=0)
    n_exact = max(n_buckets // 2, 1)
    growth = (n_buckets - n_exact) / math.log(max(max_distance / n_exact, 1 + 1e-9))
    coarse = n_exact + (torch.log(distance.clamp(min=1).float() / n_exact) * growth).long()
    return offset + torch.where(distance < n_exact, distance, coarse.clamp(max=n_buckets - 1))


class RelativePositionBias(nn.Module):
    """A learned number for each head and bucket of distances, added to the attention logits."""

    def __init__(self, options: TransformerOptions, bidirectional: bool) -> None:
        super().__init__()
        self.n_buckets = options.relative_attention_buckets
        self.max_distance = options.relative_attention_max_distance
        self.bidirectional = bidirectional
        self.weight = nn.Parameter(torch.empty(self.n_buckets, options.n_heads))

    def forward(self, length: int, first_query: int = 0) -> Tensor:
        """Biases [H, length - first_query, length] of queries `first_query`.. on keys; causal ones hide later keys."""
        positions = torch.arange(length, device=self.weight.device)
        distance = positions[None, :] - positions[first_query:, None]
        bucket = relative_position_bucket(distance, self.n_buckets, self.max_distance, self.bidirectional)
        bias = self.weight[bucket].permute(2, 0, 1)
        return bias if self.bidirectional else bias.masked_fill(distance > 0, -torch.inf)
