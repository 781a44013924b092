"""SimCIT: contrastive tokenization of several modalities (SimCIT, section III; docs/methods.md, "SimCIT")."""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from semtok.config.tokenizers import SimCITTokenizer
from semtok.run import devices
from semtok.tokenizers.autoencoder import mlp
from semtok.tokenizers.base import TokenizerTask, Tokens
from semtok.tokenizers.fusion import Fusion
from semtok.tokenizers.nt_xent import nt_xent
from semtok.tokenizers.simcit_training import fit
from semtok.tokenizers.soft_quantizer import SoftQuantizer
from semtok.tokenizers.views import Scale, ViewBatch

ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "silu": nn.SiLU}


class SimCIT(nn.Module):
    """z_m = f_m(x_m); z = sum_m p_m z_m; zhat = soft residual quantization of z; L = sum_m NT-Xent(g(zhat), g(z_m)).

    There is no decoder and no reconstruction: the codewords learn from the contrast alone. The head g serves training
    and is not used afterwards.
    """

    def __init__(self, scales: Mapping[str, Scale], options: SimCITTokenizer) -> None:
        """scales: where each modality's vectors lie; the order of the modalities is that of their names."""
        super().__init__()
        self.options = options
        self.compute_dtype = torch.float32
        dim = options.latent_dim
        self.encoders = nn.ModuleDict({name: encoder(scales[name], options) for name in sorted(scales)})
        self.fusion = Fusion(dim, options.fusion)
        self.quantizer = SoftQuantizer(
            options.n_levels,
            options.codebook_size,
            dim,
            shared=options.shared_codebook,
            commitment_weight=options.commitment_weight,
            distance=options.distance,
        )
        self.projection = projection(options.projection, dim)

    def encode(self, batch: ViewBatch) -> tuple[Tensor, dict[str, Tensor]]:
        """z, float32 [batch, latent_dim], and z_m of the distinct vectors of each m (equation 1)."""
        latents: dict[str, Tensor] = {}
        with devices.autocast(next(self.parameters()).device, self.compute_dtype):
            for name, encoder in self.encoders.items():
                latents[name] = encoder(batch.vectors[name]).float()  # (distinct, latent_dim)
        return self.fusion(*_aligned(latents, batch)), latents

    def losses(self, batch: ViewBatch, temperature: float, noise: Tensor | None) -> dict[str, Tensor]:
        """Scalars of a batch by name: `loss`, which is minimised, and its terms, `loss_MODALITY` each (equation 6).

        temperature and noise: alpha and g of SoftQuantizer.soft, for the search that uses them.
        """
        latent, views = self.encode(batch)  # (batch, latent_dim), and by modality (distinct, latent_dim)
        regularizers: list[Tensor] = []
        if self.options.search == "soft":
            quantized = self.quantizer.soft(latent, temperature, noise).latent
        else:
            # Straight through: without hard.loss, no gradient reaches the codewords, and no optimiser touches them.
            hard = self.quantizer(latent)
            quantized = hard.latent
            if self.options.search == "hard-vq":
                regularizers.append(hard.loss)
        if self.options.codeword_regularizer:
            regularizers.append(self.options.codeword_regularizer * self.quantizer.mean_cosine())
        sizes = [len(latent), *(len(view) for view in views.values())]
        projected = F.normalize(self.projection(torch.cat([quantized, *views.values()])), dim=1)
        own, *others = torch.split(projected, sizes)
        seen = {name: view for name, view in zip(views, others, strict=True) if len(view)}
        temperature, mask_duplicates = self.options.temperature, self.options.mask_duplicates
        terms = nt_xent(own, seen, batch.rows, batch.groups, temperature, mask_duplicates)
        named = {f"loss_{name}": terms.get(name, latent.new_zeros(())) for name in views}
        if regularizers:
            named["regularizer"] = torch.stack(regularizers).sum()
        return {"loss": torch.stack(list(named.values())).sum(), **named}


class Standardize(nn.Module):
    """(x - mean) / deviation, with what a Scale holds; no parameter."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, scale: Scale) -> None:
        super().__init__()
        self.register_buffer("mean", torch.from_numpy(scale.mean.copy()))
        self.register_buffer("deviation", torch.tensor(scale.deviation, dtype=torch.float32))

    def forward(self, x: Tensor) -> Tensor:
        """[n, dim] to the same."""
        return (x - self.mean) / self.deviation


def encoder(scale: Scale, options: SimCITTokenizer) -> nn.Sequential:
    """The network f_m of a modality, from [n, dim of the modality] to [n, latent_dim].

    alpha and the noise have fixed sizes, so the scale of the first latents decides whether they matter. With inputs and
    weights of unit gain the squared distances are tens; torch's own initial weights on unit vectors make them 1e-4, all
    codewords weigh the same, and the codes collapse into one.
    """
    widths = [len(scale.mean), *options.hidden_dims, options.latent_dim]
    network = mlp(widths, ACTIVATIONS[options.activation], options.encoder_bias)
    if options.encoder_initialization == "he":
        linear = [layer for layer in network if isinstance(layer, nn.Linear)]
        for layer in linear:
            nn.init.kaiming_normal_(layer.weight, nonlinearity="linear" if layer is linear[-1] else "relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return nn.Sequential(Standardize(scale), *network) if options.standardize else network


def projection(kind: str, dim: int) -> nn.Module:
    """The head g, from [n, dim] to [n, dim]: "linear", "mlp" (two layers with a ReLU) or "identity"."""
    heads: dict[str, list[nn.Module]] = {
        "identity": [],
        "linear": [nn.Linear(dim, dim)],
        "mlp": [nn.Linear(dim, dim), nn.ReLU(), nn.Linear(dim, dim)],
    }
    return nn.Sequential(*heads[kind])


def _aligned(latents: Mapping[str, Tensor], batch: ViewBatch) -> tuple[Tensor, Tensor]:
    """The latents as [batch, modalities, dim], zero where an item lacks one, and which it has, [batch, modalities]."""
    columns, present = [], []
    for name, latent in latents.items():
        rows = batch.rows[name]
        of_items = latent.index_select(0, batch.groups[name])
        columns.append(latent.new_zeros(batch.size, latent.shape[1]).index_copy(0, rows, of_items))
        present.append(torch.zeros(batch.size, dtype=torch.bool, device=rows.device).index_fill(0, rows, True))
    return torch.stack(columns, dim=1), torch.stack(present, dim=1)


def tokenize(task: TokenizerTask) -> Tokens:
    """Train on the views that `task.views` names, then give every item the codes of the hard search."""
    return fit(SimCIT, task)
