"""The parts of T5 where a processor spends its time outside matrix products, written to touch memory seldom.

They compute what the plain formulas in their docstrings say. What is special: random numbers come from a generator that
is ten times faster than torch's on a processor, masks are float32 (arithmetic on booleans is not vectorised there), and
buffers that nobody needs again are overwritten.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F


def rms_norm(x: Tensor, weight: Tensor) -> Tensor:
    """x / sqrt(mean(x^2) + 1e-6) * weight over the last dimension."""
    return F.rms_norm(x, weight.shape, weight, 1e-6)


def keep_mask(x: Tensor, probability: float) -> Tensor:
    """A float mask of the shape of `x`: 0 with `probability` (to 2^-17), else 1 / (1 - probability).

    On a processor one number of torch's generator seeds a stream of 16-bit numbers, so that the state of torch's
    generator is still all there is to remember.
    """
    if x.device.type != "cpu":
        return (torch.rand(x.shape, device=x.device) >= probability).float() / (1 - probability)
    dropped = round(probability * 65536)
    seed = int(torch.randint(2**62, ()))
    words = np.random.SFC64(seed).random_raw(-(-x.numel() // 4))
    kept = (words.view(np.uint16)[: x.numel()] >= dropped).view(np.uint8)
    return torch.from_numpy(kept).float().mul_(65536 / (65536 - dropped)).view(x.shape)


def dropout(x: Tensor, probability: float) -> Tensor:
    """Zero each number with `probability` and scale the others by 1 / (1 - probability)."""
    return x * keep_mask(x, probability) if probability else x


class _ReluDropout(torch.autograd.Function):
    """Overwrites its input, and remembers only the result: its positive places are where the gradient passes."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, probability: float) -> Tensor:
        out = x.relu_()
        if probability:
            out.mul_(keep_mask(out, probability))
        ctx.mark_dirty(x)
        ctx.save_for_backward(out)
        ctx.scale = 1 / (1 - round(probability * 65536) / 65536)
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (out,) = ctx.saved_tensors
        return torch.ops.aten.threshold_backward(gradients[0], out, 0).mul_(ctx.scale), None


def relu_dropout(x: Tensor, probability: float) -> Tensor:
    """Dropout of max(x, 0); `x` is overwritten."""
    out: Tensor = _ReluDropout.apply(x, probability)  # type: ignore[no-untyped-call]
    return out


class _DroppedSoftmax(torch.autograd.Function):
    """Overwrites its input with the result; remembers the probabilities and the dropout mask."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, bias: Tensor | None, mask: Tensor | None, probability: float) -> Tensor:
        if bias is not None:
            logits.add_(bias)
        if mask is not None:
            logits.add_(mask)
        probabilities, kept = logits.softmax(-1), keep_mask(logits, probability)
        ctx.save_for_backward(probabilities, kept)
        ctx.has_bias = bias is not None
        ctx.mark_dirty(logits)
        return torch.mul(probabilities, kept, out=logits)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor | None, None, None]:
        probabilities, kept = ctx.saved_tensors
        gradient = torch._softmax_backward_data(gradients[0] * kept, probabilities, -1, torch.float32)
        return gradient, gradient.sum(0) if ctx.has_bias else None, None, None


def attention_weights(logits: Tensor, bias: Tensor | None, mask: Tensor | None, probability: float) -> Tensor:
    """Softmax over the keys of logits [B, H, Q, S] plus bias [H, Q, S] plus a mask, then dropout.

    `logits` may be overwritten. The mask broadcasts to them: 0 where there is a key, -inf elsewhere. All is in float32.
    """
    logits = logits.float()
    if probability:
        out: Tensor = _DroppedSoftmax.apply(logits, bias, mask, probability)  # type: ignore[no-untyped-call]
        return out
    for term in (bias, mask):
        logits = logits if term is None else logits + term
    return logits.softmax(-1)


Pieces = list[tuple[int, int]]
"""Runs of queries, one after the other: where each ends, and how many of the keys its queries see at most."""
QUERIES_AT_ONCE = {"cpu": 64}


def causal_pieces(length: int, device: torch.device) -> Pieces:
    """Pieces of as many queries as keys, of which each sees those before it and itself.

    On a processor short ones: a third of the logits is never computed, and the rest stays in the cache.
    """
    size = QUERIES_AT_ONCE.get(device.type, length)
    return [(min(start + size, length), min(start + size, length)) for start in range(0, length, size)]


def attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    bias: Tensor | None,
    mask: Tensor | None,
    probability: float,
    pieces: Pieces | None = None,
) -> Tensor:
    """What queries [B, H, Q, D] take from keys and values [B, H, S, D]: [B, H, Q, D].

    The weights are those of `attention_weights`: bias [H, Q, S], mask [B, 1, 1 or Q, S], dropout. `pieces` leaves out
    keys that bias or mask hide from all queries of a piece.
    """
    attended, start = [], 0
    for stop, n_keys in pieces or [(query.shape[2], key.shape[2])]:
        logits = query[:, :, start:stop] @ key[:, :, :n_keys].transpose(-1, -2)
        part_bias = None if bias is None else bias[:, start:stop, :n_keys]
        part_mask = mask
        if mask is not None:
            part_mask = mask[..., :n_keys] if mask.shape[2] == 1 else mask[:, :, start:stop, :n_keys]
        attended.append(attention_weights(logits, part_bias, part_mask, probability) @ value[:, :, :n_keys])
        start = stop
    return attended[0] if len(attended) == 1 else torch.cat(attended, dim=2)
