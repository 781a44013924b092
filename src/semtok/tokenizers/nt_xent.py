"""SimCIT's contrastive loss (SimCIT, equation 6 and its split into two sums, M-I16)."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def nt_xent(
    quantized: Tensor,
    views: dict[str, Tensor],
    rows: dict[str, Tensor],
    groups: dict[str, Tensor],
    temperature: float,
    mask_duplicates: bool = False,
) -> dict[str, Tensor]:
    """The loss of every modality m, a scalar each, of an item's quantized vector u against its view v of m:

        l_i = -log( e^{u_i.v_i/tau} / ( sum_{j != i} e^{u_i.u_j/tau} + sum_j e^{u_i.v_j/tau} ) ),

    and its mean over the items of the batch that have m. The positive stays in the denominator, u_i.u_i does not, and
    views of other modalities are no negatives. Every u_j of the batch is a negative, whether item j has m or not.

    Args:
        quantized: u, unit vectors [batch, dim].
        views: v by modality, unit vectors [distinct vectors, dim].
        rows: by modality, the places in the batch of the n items that have it, [n].
        groups: by modality, which of its vectors each of these items has, [n].
        temperature: tau.
        mask_duplicates: leave items of the same vector of m out of each other's negatives in the loss of m.
    """
    scaled = quantized / temperature  # (batch, dim)
    losses = {}
    if not mask_duplicates:
        # The same for every modality, and so computed once.
        itself = torch.eye(len(quantized), dtype=torch.bool, device=quantized.device)
        among_quantized = log_sum_exp(scaled, quantized, excluded=itself)  # (batch,)
    for name, view in views.items():
        having, group = rows[name], groups[name]  # (n,)
        own = scaled.index_select(0, having)  # (n, dim)
        # Items of one vector are so many equal candidates: e^{u.v} times their number.
        log_counts = torch.bincount(group, minlength=len(view)).to(view.dtype).log()  # (distinct,)
        if mask_duplicates:
            # An item without m is like no other.
            label = torch.arange(-len(quantized), 0, device=group.device).index_copy(0, having, group)
            among_quantized = log_sum_exp(scaled, quantized, excluded=label[:, None] == label)
            log_counts = log_counts.expand(len(own), -1).scatter(1, group[:, None], 0.0)  # (n, distinct)
        among_views = log_sum_exp(own, view, log_counts)  # (n,)
        positive = (own * view.index_select(0, group)).sum(dim=1)  # (n,)
        total = (torch.logaddexp(among_quantized.index_select(0, having), among_views) - positive).sum()
        losses[name] = total / len(having)
    return losses


def log_sum_exp(
    anchors: Tensor, candidates: Tensor, log_weights: Tensor | None = None, excluded: Tensor | None = None
) -> Tensor:
    """log of the sum over j of w_j e^{a_i.c_j}, [n], of [n, dim] and [m, dim].

    Args:
        anchors: a.
        candidates: c.
        log_weights: log w, [m] or [n, m]; None: all 1. It gets no gradient.
        excluded: bool [n, m], pairs that are left out. An anchor without any candidate gets the lowest number there is,
            and no gradient.
    """
    total: Tensor = _LogSumExp.apply(anchors, candidates, log_weights, excluded)  # type: ignore[no-untyped-call]
    return total


class _LogSumExp(torch.autograd.Function):
    """Keeps one [n, m] array from forward to backward and passes over it three times, where autograd over the product,
    the mask and `logsumexp` keeps three and passes over them a dozen times: that is half of the time of a large batch.
    """

    @staticmethod
    def forward(
        ctx: Any, anchors: Tensor, candidates: Tensor, log_weights: Tensor | None, excluded: Tensor | None
    ) -> Tensor:
        shares = anchors @ candidates.T if log_weights is None else torch.addmm(log_weights, anchors, candidates.T)
        if excluded is not None:
            shares.masked_fill_(excluded, -torch.inf)
        # Where all are excluded, -inf - -inf would be no number.
        top = shares.amax(dim=1, keepdim=True).clamp_min(torch.finfo(shares.dtype).min)
        shares.sub_(top).exp_()
        total = shares.sum(dim=1).clamp_min(torch.finfo(shares.dtype).tiny)
        ctx.save_for_backward(anchors, candidates, shares, total)
        return top[:, 0] + total.log()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None, None]:
        anchors, candidates, shares, total = ctx.saved_tensors
        # With p_ij = shares_ij / total_i: d/da_i = g_i sum_j p_ij c_j and d/dc_j = sum_i g_i p_ij a_i.
        scale = (gradient / total)[:, None]
        return scale * (shares @ candidates), shares.T @ (scale * anchors), None, None
