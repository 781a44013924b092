"""Attention of one token to a history that many branches share, and to the tokens of its own branch."""

import torch
from torch import Tensor


def attend_branches(
    query: Tensor,
    here: Tensor,
    past: list[Tensor],
    memory: tuple[Tensor, Tensor],
    mask: Tensor | None,
    bias: Tensor | None = None,
) -> Tensor:
    """What W branches of each of B histories find [B * W, H * D], softmax(q . k + bias) over all that they see.

    Args:
        query: [B * W, H, D], scaled.
        here: keys and values of the token itself [B * W, 2, H, D].
        past: those of each of the t tokens of the branch before it.
        memory: keys and values of the histories [B, H, S, D].
        mask: [B, 1, 1, S], which is added to the logits of the histories.
        bias: [H, 1, S + t + 1], added to all logits.
    """
    key, value = memory
    n_histories, width = len(key), len(query) // len(key)  # B, W
    by_history = query.view(n_histories, width, *query.shape[1:]).transpose(1, 2)  # (B, H, W, D)
    before = by_history @ key.transpose(-1, -2)  # (B, H, W, S)
    before = before if mask is None else before + mask
    before = before.transpose(1, 2).flatten(0, 1)  # (B * W, H, S)
    own = torch.stack([*past, here], dim=-2)  # (B * W, 2, H, t + 1, D)
    after = (own[:, 0] @ query.unsqueeze(-1)).squeeze(-1)  # (B * W, H, t + 1)
    logits = torch.cat([before, after], dim=-1)  # (B * W, H, S + t + 1)
    weights = (logits if bias is None else logits + bias.squeeze(1)).softmax(-1)
    n_before = before.shape[-1]
    from_memory = weights[..., :n_before].reshape(n_histories, width, *before.shape[1:]).transpose(1, 2) @ value
    from_own = (weights[..., None, n_before:] @ own[:, 1]).squeeze(-2)  # (B * W, H, D)
    return (from_memory.transpose(1, 2).flatten(0, 1) + from_own).flatten(1)
