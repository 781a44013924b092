"""CoST: contrastive quantization (CoST, equations 4 and 5)."""

import torch
import torch.nn.functional as F
from torch import Tensor

from semtok.config.autoencoders import CoSTTokenizer
from semtok.tokenizers.autoencoder import Autoencoder
from semtok.tokenizers.autoencoder_training import fit
from semtok.tokenizers.base import TokenizerTask, Tokens
from semtok.tokenizers.residual_quantizer import squared_distance

DUPLICATE_COSINE = 0.9999
"""Items whose vectors are closer than this have the same text."""


class CoST(Autoencoder):
    """L_co = alpha L_cl + L_rq; with `reconstruction`, L_re + L_co.

    L_re holds an L_rq of its own. The literal sum counts it twice, which the authors may not have meant: counted
    `quantization_terms` times (C-I5).
    """

    needs_negatives = True

    def __init__(self, input_dim: int, options: CoSTTokenizer) -> None:
        super().__init__(input_dim, options)
        self.options = options

    def losses(self, x: Tensor, items: Tensor) -> dict[str, Tensor]:
        """`loss`, `contrast` (L_cl), `quantization` (L_rq) and, if asked for, `reconstruction` of [batch, dim]."""
        decoded, quantized = self(x)
        contrast = contrastive_loss(x, decoded, self.options.temperature, self.options.mask_duplicates)
        loss = self.options.contrastive_weight * contrast + self.options.quantization_terms * quantized.loss
        terms = {"contrast": contrast, "quantization": quantized.loss}
        if self.options.reconstruction:
            terms["reconstruction"] = squared_distance(decoded, x, self.quantizer.reduction)
            loss = loss + terms["reconstruction"]
        return {"loss": loss, **terms}


def contrastive_loss(x: Tensor, decoded: Tensor, temperature: float, mask_duplicates: bool = False) -> Tensor:
    """L_cl: tell by cosine / tau which xhat of the batch is one's own; x and xhat are [batch, dim].

    The anchor is the frozen input x, the candidates are the decoder's outputs, the item's own among them (equation 4
    sums from 0). The paper's K there is the number of negatives, batch - 1, not the codebook size (C-I6).
    """
    anchors = F.normalize(x.detach(), dim=1)  # (batch, dim)
    logits = anchors @ F.normalize(decoded, dim=1).T / temperature  # (batch, batch)
    own = torch.arange(len(x), device=x.device)
    if mask_duplicates:
        duplicates = (anchors @ anchors.T > DUPLICATE_COSINE).fill_diagonal_(False)
        logits = logits.masked_fill(duplicates, -torch.inf)
    return F.cross_entropy(logits, own)


def tokenize(task: TokenizerTask) -> Tokens:
    """Train on the vectors that exist, then give every item the codes nearest to its latent."""
    return fit(CoST, task)
