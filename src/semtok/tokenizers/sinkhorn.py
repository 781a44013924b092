"""Items spread evenly over codewords by entropic optimal transport (LC-Rec, LETTER)."""

import math

import torch
from torch import Tensor

SCALINGS = 50
"""Iterations between two returns to logarithms; fewer than that cannot overflow."""
TIE = 0.999
"""Codewords of which an item holds at least this part of its largest share are equally good by transport."""


@torch.no_grad()
def balanced(points: Tensor, book: Tensor, epsilon: float, iterations: int) -> Tensor:
    """Codes [n] of points [n, dim]: the codewords [K, dim] get about as many each, where points are many.

    The code is the codeword with the largest share in the plan, and of equal shares the nearest codeword. Ties are the
    rule where points are few: then most codewords belong to one point as a whole, and the largest share would be that
    of a random one.
    """
    distances = torch.cdist(points.double(), book.double()).square()
    plan = transport(centred(distances), epsilon, iterations)
    tied = plan >= TIE * plan.amax(dim=1, keepdim=True)
    return distances.masked_fill(~tied, torch.inf).argmin(dim=1)


def centred(distances: Tensor) -> Tensor:
    """Distances moved and scaled to lie in [-1, 1], which gives epsilon its meaning; all zero if they are all equal."""
    low, high = distances.min(), distances.max()
    return (distances - (low + high) / 2) / ((high - low) / 2).clamp(min=torch.finfo(distances.dtype).tiny)


@torch.no_grad()
def transport(costs: Tensor, epsilon: float, iterations: int) -> Tensor:
    """The plan Q >= 0, float64 [n, K], that minimises sum Q costs + epsilon sum Q ln Q with equal marginals.

    Rows sum to 1/n and columns to 1/K; the columns exactly, the rows in the limit of many iterations, which are the
    more the smaller epsilon is. Sinkhorn's scalings in turn, in float64. Each `SCALINGS` of them begin with one in
    logarithms, which exp(-costs / epsilon) alone would not fit into: after it no row and no column is empty.
    """
    n, size = costs.shape
    logs = -costs.double() / epsilon
    plan = logs
    for done in range(0, iterations, SCALINGS):
        logs = logs - logs.logsumexp(dim=1, keepdim=True) - math.log(n)
        logs = logs - logs.logsumexp(dim=0, keepdim=True) - math.log(size)
        plan = logs.exp()
        rows, columns = plan.new_ones(n), plan.new_ones(size)
        for _ in range(min(iterations - done, SCALINGS) - 1):
            rows = 1 / (n * (plan @ columns))
            columns = 1 / (size * (rows @ plan))
        plan = rows[:, None] * plan * columns
        logs = logs + rows.log()[:, None] + columns.log()
    return plan
