"""RQ-VAE: the reconstructive tokenizer of TIGER and CoST's baseline (CoST, equations 1-3)."""

from semtok.tokenizers.autoencoder import Reconstructive
from semtok.tokenizers.autoencoder_training import fit
from semtok.tokenizers.base import TokenizerTask, Tokens


class RQVAE(Reconstructive):
    """Nothing else: messages and tests know it by this name."""


def tokenize(task: TokenizerTask) -> Tokens:
    """Train on the vectors that exist, then give every item the codes nearest to its latent."""
    return fit(RQVAE, task)
