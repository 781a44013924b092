"""LETTER: RQ-VAE aligned with collaborative vectors, its codewords spread in clusters (docs/methods.md, "LETTER")."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from sklearn.cluster import kmeans_plusplus
from torch import Tensor, nn

from semtok.config.autoencoders import LETTERTokenizer
from semtok.errors import ConfigError, DataError
from semtok.tokenizers.autoencoder import Autoencoder
from semtok.tokenizers.autoencoder_training import fit
from semtok.tokenizers.base import TokenizerTask, Tokens
from semtok.tokenizers.residual_quantizer import squared_distance
from semtok.tokenizers.sinkhorn import balanced
from semtok.tokenizers.size_constrained_kmeans import cluster, means
from semtok.tokenizers.vectors import Catalogue, read_catalogue

CLUSTERING_ITERATIONS = 10
"""At most, before an epoch; it starts from the clusters of the epoch before."""


class LETTER(Autoencoder):
    """L = L_mse + L_rq + beta L_div + alpha L_cf.

    The clusters of codewords are a part of the state, so that a resumed training has them.
    """

    needs_negatives = True
    has_collaborative: Tensor
    collaborative: Tensor
    clusters: Tensor
    """Cluster of each codeword, int64 [books, K]; -1 before the first epoch."""

    def __init__(self, input_dim: int, options: LETTERTokenizer, collaborative: Catalogue) -> None:
        """collaborative: a vector h an item; items without one are left out of L_cf."""
        super().__init__(input_dim, options)
        self.options = options
        width = collaborative.vectors.shape[1]
        if options.alignment == "dot" and width != options.latent_dim:
            raise ConfigError(
                f"alignment: dot needs latents as wide as the collaborative vectors; found latent_dim "
                f"{options.latent_dim} and {width} dimensions of {options.collaborative}; take alignment: linear"
            )
        self.alignment = nn.Linear(options.latent_dim, width, bias=False) if options.alignment == "linear" else None
        if options.balanced_last_level is not None:
            self.quantizer.choose_last = self._balanced
        has = torch.zeros(len(collaborative.vectors), dtype=torch.bool)
        has[collaborative.present] = True
        self.register_buffer("has_collaborative", has, persistent=False)
        self.register_buffer("collaborative", torch.from_numpy(collaborative.vectors), persistent=False)
        self.register_buffer("clusters", torch.full((len(self.quantizer.books), options.codebook_size), -1))
        self.generator = torch.Generator()

    def start_epoch(self, generator: torch.Generator) -> None:
        """Cluster the codewords of every book anew (L_div), starting from the clusters that there are."""
        self.generator = generator
        if not self.options.diversity_weight:
            return
        seeds = torch.randint(2**31, (len(self.clusters),), generator=generator).tolist()
        for number, book in enumerate(self.quantizer.books):
            points = book.detach().double().cpu().numpy()
            before = self.clusters[number].cpu().numpy()
            self.clusters[number] = torch.from_numpy(cluster_codewords(points, before, self.options, seeds[number]))

    def losses(self, x: Tensor, items: Tensor) -> dict[str, Tensor]:
        """`loss`, `reconstruction` (L_mse), `quantization` (L_rq), `collaborative` (L_cf), `diversity` (L_div)."""
        decoded, quantized = self(x)
        terms = {
            "reconstruction": squared_distance(decoded, x, self.quantizer.reduction),
            "quantization": quantized.loss,
            "collaborative": self.aligned(quantized.latent, items),
        }
        loss = terms["reconstruction"] + terms["quantization"]
        loss = loss + self.options.collaborative_weight * terms["collaborative"]
        if self.options.diversity_weight:
            terms["diversity"] = self.diversity(quantized.codes)
            loss = loss + self.options.diversity_weight * terms["diversity"]
        return {"loss": loss, **terms}

    def aligned(self, latent: Tensor, items: Tensor) -> Tensor:
        """L_cf of zhat [batch, latent_dim], the mean over the items that have an h, which are its candidates too."""
        having = self.has_collaborative[items]  # (batch,)
        own = latent[having] if self.alignment is None else self.alignment(latent[having])  # (n_having, width of h)
        return collaborative_loss(own, self.collaborative[items[having]])

    def diversity(self, codes: Tensor) -> Tensor:
        """L_div of codes [batch, n_levels]; summed or averaged over the levels as L_rq is."""
        losses = []
        for level, chosen in enumerate(codes.T):
            positives = draw_positives(chosen, self.clusters[level % len(self.clusters)], self.generator)
            losses.append(diversity_loss(chosen, positives, self.quantizer.book(level)))
        total = torch.stack(losses)
        return total.mean() if self.quantizer.reduction == "mean" else total.sum()

    def _balanced(self, residual: Tensor, book: Tensor) -> Tensor:
        """Codes [batch] of residuals [batch, dim], which are spread over the codewords."""
        balance = self.options.balanced_last_level
        assert balance is not None
        return balanced(residual, book, balance.epsilon, balance.iterations)


def collaborative_loss(latents: Tensor, collaborative: Tensor) -> Tensor:
    """L_cf: tell by zhat . h, without temperature or normalisation, which h of the batch is one's own.

    zhat and h are [batch, dim]; the loss of no item is 0.
    """
    if not len(latents):
        return latents.sum()
    return F.cross_entropy(latents @ collaborative.T, torch.arange(len(latents), device=latents.device))


def diversity_loss(codes: Tensor, positives: Tensor, book: Tensor) -> Tensor:
    """L_div: tell by e_c . e_k which codeword k, other than c itself, is the positive; the mean over the batch.

    codes, positives: [batch]; book: [K, dim]. It draws the codewords of a cluster together and apart from the others.
    """
    products = (book @ book.T).fill_diagonal_(-torch.inf)  # (K, K)
    return -products.log_softmax(dim=1)[codes, positives].mean()


def draw_positives(codes: Tensor, clusters: Tensor, generator: torch.Generator) -> Tensor:
    """For each code [batch] another codeword of its cluster, all equally likely; clusters: [K]."""
    members = clusters.argsort(stable=True)  # (K,), cluster by cluster
    sizes = clusters.bincount()  # (n_clusters,)
    starts = sizes.cumsum(0) - sizes
    ranks = torch.empty_like(members)
    ranks[members] = torch.arange(len(members), device=members.device)
    start, size = starts[clusters[codes]], sizes[clusters[codes]]  # (batch,)
    # Drawn on the processor, so that every device draws the same.
    draws = torch.rand(len(codes), generator=generator, dtype=torch.float64).to(codes.device)
    steps = 1 + (draws * (size - 1)).long()
    return members[start + (ranks[codes] - start + steps) % size]


def cluster_codewords(
    book: npt.NDArray[np.float64], before: npt.NDArray[np.int64], options: LETTERTokenizer, seed: int
) -> npt.NDArray[np.int64]:
    """Clusters [K] of a book [K, dim]; from those of the epoch before, or in the first (-1) from k-means++."""
    if before[0] < 0:
        centres, _ = kmeans_plusplus(book, options.clusters, random_state=seed)
    else:
        centres = means(book, before, options.clusters)
    return cluster(book, centres, options.min_cluster_size, options.max_cluster_size, CLUSTERING_ITERATIONS)


def tokenize(task: TokenizerTask) -> Tokens:
    """Train on the vectors that exist, then give every item the codes nearest to its latent."""
    collaborative = read_catalogue(task.views["collaborative"])
    n_items = len(read_catalogue(task.vectors).vectors)
    if len(collaborative.vectors) != n_items:
        raise DataError(
            f"{task.views['collaborative']}: found {len(collaborative.vectors)} rows; expected {n_items}, "
            f"as many as in {task.vectors}"
        )
    tokens = fit(lambda input_dim, options: LETTER(input_dim, options, collaborative), task)
    return replace(tokens, facts=tokens.facts | {"items_without_collaborative_vector": collaborative.missing})
