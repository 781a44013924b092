"""SimCIT's contrastive loss (SimCIT, equation 6 and its split into two sums; methods.md 3.6, item 6)."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def nt_xent(
    quantized: Tensor,
    views: Mapping[str, Tensor],
    rows: Mapping[str, Tensor],
    temperature: float,
    duplicates: Mapping[str, Tensor] | None = None,
) -> dict[str, Tensor]:
    """The loss of every modality m, a scalar each, of an item's quantized vector u against its view v of m:

        l_i = -log( e^{u_i.v_i/tau} / ( sum_{j != i} e^{u_i.u_j/tau} + sum_j e^{u_i.v_j/tau} ) ),

    and its mean over the items of the batch that have m. The positive stays in the denominator, u_i.u_i does not, and
    views of other modalities are no negatives. Every u_j of the batch is a negative, whether item j has m or not.

    Args:
        quantized: u, unit vectors [batch, dim].
        views: v by modality, unit vectors [items that have it, dim].
        rows: their places in the batch, by modality.
        temperature: tau.
        duplicates: by modality, bool [n, n]: pairs of its items that are left out of each other's negatives, as u and
            as v (methods.md 10.6); the diagonal is ignored. None, or no entry: none.
    """
    scaled = quantized / temperature
    itself = torch.eye(len(quantized), dtype=torch.bool, device=quantized.device)
    # The same for every modality without duplicates, and so computed once.
    among_quantized = log_sum_exp(scaled, quantized, itself)
    losses = {}
    for name, view in views.items():
        having = rows[name]
        others, own = among_quantized.index_select(0, having), scaled.index_select(0, having)
        excluded = None
        if duplicates and name in duplicates:
            same = duplicates[name]
            excluded = same & ~torch.eye(len(same), dtype=torch.bool, device=same.device)
            whole = itself.clone()
            whole[having[:, None], having[None]] |= same
            others = log_sum_exp(scaled, quantized, whole).index_select(0, having)
        log_denominator = torch.logaddexp(others, log_sum_exp(own, view, excluded))
        losses[name] = (log_denominator - (own * view).sum(dim=1)).mean()
    return losses


def log_sum_exp(anchors: Tensor, candidates: Tensor, excluded: Tensor | None) -> Tensor:
    """log of the sum over j of e^{a_i.c_j}, [n], of [n, dim] and [m, dim], without the pairs of `excluded` [n, m].

    An anchor without a candidate gets the lowest number there is, and no gradient.
    """
    total: Tensor = _LogSumExp.apply(anchors, candidates, excluded)  # type: ignore[no-untyped-call]
    return total


class _LogSumExp(torch.autograd.Function):
    """Keeps one [n, m] array from forward to backward and passes over it three times, where autograd over the product,
    the mask and `logsumexp` keeps three and passes over them a dozen times: that is half of the time of a large batch.
    """

    @staticmethod
    def forward(ctx: Any, anchors: Tensor, candidates: Tensor, excluded: Tensor | None) -> Tensor:
        weights = anchors @ candidates.T
        if excluded is not None:
            weights.masked_fill_(excluded, -torch.inf)
        # Where all are excluded, -inf - -inf would be no number.
        top = weights.amax(dim=1, keepdim=True).clamp_min(torch.finfo(weights.dtype).min)
        weights.sub_(top).exp_()
        total = weights.sum(dim=1).clamp_min(torch.finfo(weights.dtype).tiny)
        ctx.save_for_backward(anchors, candidates, weights, total)
        return top[:, 0] + total.log()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        anchors, candidates, weights, total = ctx.saved_tensors
        # d/da_i = g_i sum_j p_ij c_j and d/dc_j = sum_i g_i p_ij a_i, with p_ij = w_ij / total_i.
        scale = (gradient / total)[:, None]
        return scale * (weights @ candidates), weights.T @ (scale * anchors), None
