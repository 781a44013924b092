"""Soft residual quantization (SimCIT, equations 3-5)."""

from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from semtok.tokenizers.residual_quantizer import ResidualQuantizer


class SoftQuantized(NamedTuple):
    """A batch of latents after soft quantization."""

    latent: Tensor
    """zhat, [batch, dim]: over the levels, the sum of the weighted means of the codewords."""
    codes: Tensor
    """The codeword of the largest weight at each level, [batch, n_levels], int64."""


class SoftQuantizer(ResidualQuantizer):
    """Approximate a vector by a sum over levels of means of codewords, weighted by a Gumbel softmax:

        a_lk = softmax_k( (-|r_{l-1} - e_lk|^2 + g_lk) / alpha );  q_l = sum_k a_lk e_lk;  r_l = r_{l-1} - q_l.

    As alpha falls to 0 this becomes the hard search of ResidualQuantizer (`assign`), which is what codes items. The
    noise g is added to the negative distance, before alpha divides both.

    distance: |.|^2 is the "sum" over dimensions, or, divided by their number, the "mean".
    """

    def __init__(
        self,
        n_levels: int,
        codebook_size: int,
        dim: int,
        *,
        shared: bool = False,
        commitment_weight: float = 0.25,
        distance: Literal["sum", "mean"] = "sum",
    ) -> None:
        super().__init__(n_levels, codebook_size, dim, shared=shared, commitment_weight=commitment_weight)
        self.scale = dim if distance == "mean" else 1

    def similarity(self, residual: Tensor, book: Tensor) -> Tensor:
        """|r|^2 - |r - e_k|^2, [batch, codebook_size]: |r|^2 is the same for all codewords, and a softmax blind to it.

        In the unit of `distance`.
        """
        return torch.addmm(book.square().sum(dim=1), residual, book.T, beta=-1, alpha=2) / self.scale

    def soft(self, latent: Tensor, temperature: float, noise: Tensor | None = None) -> SoftQuantized:
        """Quantize [batch, dim] at temperature alpha; noise: g, [n_levels, batch, codebook_size], or None."""
        residual = latent  # (batch, dim)
        codes = []
        for level in range(self.n_levels):
            book = self.book(level)  # (K, dim)
            similarity = self.similarity(residual, book)  # (batch, K)
            if noise is not None:
                similarity = similarity + noise[level]
            codes.append(similarity.detach().argmax(dim=1))
            residual = residual - (similarity / temperature).softmax(dim=1) @ book
        # What is left over is z - zhat.
        return SoftQuantized(latent - residual, torch.stack(codes, dim=1))

    @torch.no_grad()
    def margin(self, latent: Tensor) -> Tensor:
        """By how much the second codeword is farther than the nearest, [n_levels, batch], along the hard residuals."""
        margins = []
        for level, residual in enumerate(self.assign(latent)[1][:-1]):
            best, second = self.similarity(residual, self.book(level)).topk(2, dim=1).values.unbind(dim=1)
            margins.append(best - second)
        return torch.stack(margins)

    def mean_cosine(self) -> Tensor:
        """The cosine between two codewords of a book, mean over ordered pairs (each with itself too) and books."""
        # The mean over pairs of e_a.e_b is the squared norm of the mean of e.
        return torch.stack([F.normalize(book, dim=1).mean(dim=0).square().sum() for book in self.books]).mean()


def gumbel_noise(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Independent draws of Gumbel(0, 1): -log of an exponential variable."""
    draws = torch.empty(shape, device=generator.device).exponential_(generator=generator)
    return draws.clamp_min_(torch.finfo(draws.dtype).tiny).log_().neg_()
