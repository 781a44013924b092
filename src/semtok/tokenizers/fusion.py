"""How the modalities of an item become one vector (SimCIT, equation 1)."""

from typing import Literal

import torch
from torch import Tensor, nn


class Fusion(nn.Module):
    """z = sum_m p_m z_m with p = softmax over the modalities that the item has of a score; shared by all modalities.

    kind: "query", the score q^T z_m of the paper; "tanh", w^T tanh(W z_m + b) of the released code; "mean", no score.
    """

    def __init__(self, dim: int, kind: Literal["query", "tanh", "mean"]) -> None:
        super().__init__()
        self.score: nn.Module | None = None
        if kind == "query":
            self.score = nn.Linear(dim, 1, bias=False)
        elif kind == "tanh":
            self.score = nn.Sequential(nn.Linear(dim, dim), nn.Tanh(), nn.Linear(dim, 1, bias=False))

    def forward(self, latents: Tensor, present: Tensor) -> Tensor:
        """Fuse [batch, modalities, dim] to [batch, dim]; present: bool [batch, modalities], one at least a row."""
        scores = latents.new_zeros(latents.shape[:2]) if self.score is None else self.score(latents)[..., 0]
        # A modality that the item lacks has the score -inf: weight and gradient are 0.
        weights = scores.masked_fill(~present, -torch.inf).softmax(dim=1)
        return (weights[:, None] @ latents)[:, 0]
