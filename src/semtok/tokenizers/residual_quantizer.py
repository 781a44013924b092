"""The residual quantizer of RQ-VAE (CoST, section 3.1 and equation 3)."""

import warnings
from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from torch import Tensor, nn

from semtok.errors import ConfigError

KMEANS_ITERATIONS = 100


class Quantized(NamedTuple):
    """A batch of latents after quantization."""

    latent: Tensor
    """[batch, dim], the sum of the chosen codewords; its gradient goes straight to the encoder (zhat_st)."""
    codes: Tensor
    """[batch, n_levels], int64."""
    loss: Tensor
    """L_rq, a scalar."""


class ResidualQuantizer(nn.Module):
    """Approximate a vector by a sum of codewords, each the nearest to what the levels before left over.

    r_0 = z; c_l = argmin_k |r_{l-1} - e_lk|^2; r_l = r_{l-1} - e_l,c_l; zhat = sum_l e_l,c_l.

    n_levels is the paper's M, codebook_size its K, dim its d, commitment_weight its beta.
    shared: one book for all levels, as CoST's settings say; its equations have one a level (C-I1).
    residuals: "plain" takes them from the codewords themselves, as the equations do, so that the commitment of every
        level reaches the encoder; "chained" passes each through its own straight-through estimate, as LC-Rec and
        LETTER do, so that only level 1 commits the encoder. The values are the same, the gradients are not.
    reduction: "sum" over dimensions and levels (the equations), "mean" over both (LC-Rec, LETTER); the mean over the
        batch in either.
    """

    def __init__(
        self,
        n_levels: int,
        codebook_size: int,
        dim: int,
        *,
        shared: bool = False,
        residuals: Literal["plain", "chained"] = "plain",
        commitment_weight: float = 0.25,
        reduction: Literal["sum", "mean"] = "sum",
    ) -> None:
        super().__init__()
        self.n_levels = n_levels
        self.chained = residuals == "chained"
        self.commitment_weight = commitment_weight
        self.reduction = reduction
        self.choose_last: Callable[[Tensor, Tensor], Tensor] = nearest
        """How training chooses the codes of the last level: [batch, dim] and [K, dim] to [batch]."""
        n_books = 1 if shared else n_levels
        # Norm about 1; k-means replaces these values unless the config asks for none.
        self.books = nn.ParameterList(torch.randn(codebook_size, dim) / dim**0.5 for _ in range(n_books))

    def book(self, level: int) -> Tensor:
        """The codewords of a level, [codebook_size, dim]."""
        book: Tensor = self.books[level % len(self.books)]
        return book

    def last_book(self) -> npt.NDArray[np.float32]:
        """A copy of the codewords of the last level, [codebook_size, dim]."""
        book: npt.NDArray[np.float32] = self.book(self.n_levels - 1).detach().cpu().numpy().copy()
        return book

    def forward(self, latent: Tensor) -> Quantized:
        """Quantize [batch, dim] float32 for training."""
        residual = latent  # (batch, dim)
        codes, losses = [], []
        for level in range(self.n_levels):
            book = self.book(level)  # (K, dim)
            choose = self.choose_last if level == self.n_levels - 1 else nearest
            code = choose(residual.detach(), book.detach())  # (batch,)
            codeword = F.embedding(code, book)  # (batch, dim)
            codes.append(code)
            losses.append(squared_distance(residual.detach(), codeword, self.reduction))
            losses.append(self.commitment_weight * squared_distance(residual, codeword.detach(), self.reduction))
            residual = residual - (residual + (codeword - residual).detach() if self.chained else codeword)
        loss = torch.stack(losses).sum() / (self.n_levels if self.reduction == "mean" else 1)
        # What is left over is z - zhat in value, so that z - sg(r_L) is zhat in value and z in gradient.
        return Quantized(latent - residual.detach(), torch.stack(codes, dim=1), loss)

    @torch.no_grad()
    def assign(self, latent: Tensor) -> tuple[Tensor, Tensor]:
        """Codes [batch, n_levels] of [batch, dim], and the residuals r_0 .. r_L, [n_levels + 1, batch, dim]."""
        residuals = [latent]
        codes = []
        for level in range(self.n_levels):
            code = nearest(residuals[-1], self.book(level))
            codes.append(code)
            residuals.append(residuals[-1] - F.embedding(code, self.book(level)))
        return torch.stack(codes, dim=1), torch.stack(residuals)

    @torch.no_grad()
    def initialize(self, latent: Tensor, seed: int) -> None:
        """Fit the books by k-means to [points, dim]: level l to what the levels before leave over.

        A shared book is fitted to the latents only.
        """
        residual = latent
        for level, book in enumerate(self.books):
            centres = kmeans(residual.double().cpu().numpy(), len(book), seed + level)
            book.copy_(torch.from_numpy(centres))
            residual = residual - F.embedding(nearest(residual, book), book)


def nearest(residual: Tensor, book: Tensor) -> Tensor:
    """Index of the nearest codeword, the lowest of several: [batch, dim] and [K, dim] to [batch].

    |r - e|^2 without |r|^2, which all codewords share. In float32 under autocast too: bfloat16 flips near ties.
    """
    with torch.autocast(residual.device.type, enabled=False):
        residual, book = residual.float(), book.float()
        return torch.addmm(book.square().sum(dim=1), residual, book.T, alpha=-2).argmin(dim=1)


def squared_distance(first: Tensor, second: Tensor, reduction: Literal["sum", "mean"]) -> Tensor:
    """|first - second|^2 of [batch, dim], mean over the batch; "mean" divides it by the number of dimensions too."""
    return F.mse_loss(first, second, reduction="sum") / (len(first) if reduction == "sum" else first.numel())


def kmeans(points: npt.NDArray[np.floating], n_clusters: int, seed: int) -> npt.NDArray[np.float64]:
    """Centres [n_clusters, dim] by k-means++ and at most 100 iterations.

    Where there are fewer distinct points than clusters (many items of one text), some centres coincide; the lowest
    of them is used.
    """
    if len(points) < n_clusters:
        raise ConfigError(
            f"codebook_size: {n_clusters} codewords cannot be fitted to {len(points)} points; take a smaller "
            "codebook, a larger batch_size or initialization: kmeans-all"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = KMeans(n_clusters, n_init=1, max_iter=KMEANS_ITERATIONS, random_state=seed).fit(points)
    centres: npt.NDArray[np.float64] = fitted.cluster_centers_
    return centres
