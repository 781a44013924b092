"""LC-Rec's tokenizer (Zheng et al., ICDE 2024): RQ-VAE whose last level is shared out evenly.

Its "uniform semantic mapping" is optimal transport at the last level, in training and, for items that still have the
same codes, afterwards (`repair`). Its script lets the learning rate rise over 50 epochs and fall; here it is constant.
"""

from functools import partial

from semtok.config.autoencoders import LCRecTokenizer
from semtok.tokenizers.autoencoder import Reconstructive
from semtok.tokenizers.autoencoder_training import fit
from semtok.tokenizers.base import TokenizerTask, Tokens
from semtok.tokenizers.sinkhorn import balanced


class LCRec(Reconstructive):
    """L_mse + L_rq, as RQ-VAE's."""

    def __init__(self, input_dim: int, options: LCRecTokenizer) -> None:
        super().__init__(input_dim, options)
        if balance := options.balanced_last_level:
            self.quantizer.choose_last = partial(balanced, epsilon=balance.epsilon, iterations=balance.iterations)


def tokenize(task: TokenizerTask) -> Tokens:
    """Train on the vectors that exist, then give every item the codes nearest to its latent."""
    return fit(LCRec, task)
