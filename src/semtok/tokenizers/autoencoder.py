"""The network that RQ-VAE, CoST and LETTER share: MLP encoder, residual quantizer, mirrored MLP decoder."""

from itertools import pairwise

import torch
from torch import Tensor, nn

from semtok.config.autoencoders import AutoencoderTokenizer
from semtok.run import devices
from semtok.tokenizers.residual_quantizer import Quantized, ResidualQuantizer, squared_distance


class Autoencoder(nn.Module):
    """x [batch, input_dim] -> z = E(x) -> zhat -> xhat = D(zhat) [batch, input_dim]. Methods add their loss.

    The papers call the decoder an MLP and no more: it mirrors the encoder. The two networks compute in `compute_dtype`,
    the quantizer and the losses in float32.
    """

    needs_negatives = False
    """Whether the loss compares the items of a batch, so that a very short last batch is dropped."""

    def __init__(self, input_dim: int, options: AutoencoderTokenizer) -> None:
        super().__init__()
        self.compute_dtype = torch.float32
        widths = [input_dim, *options.hidden_dims, options.latent_dim]
        self.encoder = mlp(widths)
        self.quantizer = ResidualQuantizer(
            options.n_levels,
            options.codebook_size,
            options.latent_dim,
            shared=options.shared_codebook,
            residuals=options.residuals,
            commitment_weight=options.commitment_weight,
            reduction=options.reduction,
        )
        self.decoder = mlp(widths[::-1])

    def encode(self, x: Tensor) -> Tensor:
        """z = E(x), float32 [batch, latent_dim]."""
        with devices.autocast(x.device, self.compute_dtype):
            latent: Tensor = self.encoder(x)
        return latent.float()

    def forward(self, x: Tensor) -> tuple[Tensor, Quantized]:
        """xhat, float32 [batch, input_dim], and the quantized latents."""
        quantized: Quantized = self.quantizer(self.encode(x))
        with devices.autocast(x.device, self.compute_dtype):
            decoded: Tensor = self.decoder(quantized.latent)
        return decoded.float(), quantized

    def start_epoch(self, generator: torch.Generator) -> None:
        """What a method does before an epoch; whatever its losses draw at random comes from `generator`."""

    def losses(self, x: Tensor, items: Tensor) -> dict[str, Tensor]:
        """Scalars of a batch by name, means over its items; `loss` is the one to minimise, the others are logged.

        items: the batch's items, int64 [batch], for a method that knows more of an item than its vector.
        """
        raise NotImplementedError


class Reconstructive(Autoencoder):
    """L_re = L_mse + L_rq, with L_mse = |x - xhat|^2 (CoST, equations 1-3)."""

    def losses(self, x: Tensor, items: Tensor) -> dict[str, Tensor]:
        """`loss` (L_re), `reconstruction` (L_mse) and `quantization` (L_rq) of [batch, input_dim]."""
        decoded, quantized = self(x)
        reconstruction = squared_distance(decoded, x, self.quantizer.reduction)
        return {
            "loss": reconstruction + quantized.loss,
            "reconstruction": reconstruction,
            "quantization": quantized.loss,
        }


def mlp(widths: list[int], activation: type[nn.Module] = nn.ReLU, bias: bool = True) -> nn.Sequential:
    """Linear layers with ReLU, or another activation, between them; no dropout, no normalisation.

    The papers are silent on initial weights: they are torch's own for a linear layer.
    """
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise(widths):
        layers += [nn.Linear(n_in, n_out, bias=bias), activation()]
    return nn.Sequential(*layers[:-1])
