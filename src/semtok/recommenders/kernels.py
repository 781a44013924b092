"""The parts of T5 where a processor spends its time outside matrix products."""

import torch
from torch import Tensor
from torch.nn import functional as F


def rms_norm(x: Tensor, weight: Tensor) -> Tensor:
    """x / sqrt(mean(x^2) + 1e-6) * weight over the last dimension, in float32."""
    full = x.float()
    return (full * torch.rsqrt(full.square().mean(-1, keepdim=True) + 1e-6)).to(x.dtype) * weight


def dropout(x: Tensor, probability: float) -> Tensor:
    """Zero each number with `probability` and scale the others by 1 / (1 - probability)."""
    return F.dropout(x, probability) if probability else x


def relu_dropout(x: Tensor, probability: float) -> Tensor:
    """Dropout of max(x, 0)."""
    return dropout(F.relu(x), probability)


def attention_weights(logits: Tensor, bias: Tensor | None, mask: Tensor | None, probability: float) -> Tensor:
    """Softmax over the keys of logits [B, H, Q, S] plus bias [H, Q, S], without masked keys, with dropout.

    `mask` [B, S] is True where there is a key. The softmax is in float32.
    """
    logits = logits.float()
    if bias is not None:
        logits = logits + bias
    if mask is not None:
        logits = logits.masked_fill(~mask[:, None, None, :], -torch.inf)
    return dropout(logits.softmax(-1), probability)
