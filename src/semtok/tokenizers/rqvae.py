"""RQ-VAE: the reconstructive tokenizer of TIGER and CoST's baseline (CoST, equations 1-3; methods.md 3.2)."""

from torch import Tensor

from semtok.tokenizers.autoencoder import Autoencoder
from semtok.tokenizers.autoencoder_training import fit
from semtok.tokenizers.base import Task, Tokens
from semtok.tokenizers.residual_quantizer import squared_distance


class RQVAE(Autoencoder):
    """L_re = L_mse + L_rq, with L_mse = |x - xhat|^2."""

    def losses(self, x: Tensor, items: Tensor) -> dict[str, Tensor]:
        """`loss` (L_re), `reconstruction` (L_mse) and `quantization` (L_rq) of [batch, input_dim]."""
        decoded, quantized = self(x)
        reconstruction = squared_distance(decoded, x, self.quantizer.reduction)
        return {
            "loss": reconstruction + quantized.loss,
            "reconstruction": reconstruction,
            "quantization": quantized.loss,
        }


def tokenize(task: Task) -> Tokens:
    """Train on the vectors that exist, then give every item the codes nearest to its latent."""
    return fit(RQVAE, task)
