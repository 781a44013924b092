"""RQ-VAE training, items a second: semtok's loop against the plain torch loop that most public code has.

Both train 768-512-256-128-32 with 3 x 256 codewords from the same weights in float32 with the same loss, one epoch each
in turn. The ratio is taken pair by pair. `python benchmarks/tokenizer_training.py --repeats 15`
"""

import argparse
import json
import os
import time
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from semtok.config.autoencoders import RQVAETokenizer
from semtok.tokenizers.autoencoder_training import AutoencoderTraining
from semtok.tokenizers.rqvae import RQVAE
from semtok.tokenizers.vectors import Catalogue
from semtok.training import Progress

INPUT, HIDDEN, LATENT, LEVELS, CODES, BETA = 768, [512, 256, 128], 32, 3, 256, 0.25


class PlainRQVAE(nn.Module):
    """The peer: cdist, one-hot codes, a straight-through estimate, losses spelled out."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(768, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(),
            nn.Linear(128, 32),
        )  # fmt: skip
        self.decoder = nn.Sequential(
            nn.Linear(32, 128), nn.ReLU(), nn.Linear(128, 256), nn.ReLU(), nn.Linear(256, 512), nn.ReLU(),
            nn.Linear(512, 768),
        )  # fmt: skip
        self.codebooks = nn.ModuleList(nn.Embedding(CODES, LATENT) for _ in range(LEVELS))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        z = self.encoder(x)
        residual, quantized, loss = z, torch.zeros_like(z), torch.zeros(())
        for codebook in self.codebooks:
            indices = torch.cdist(residual, codebook.weight).argmin(dim=1)
            code = F.one_hot(indices, CODES).float() @ codebook.weight
            loss = loss + ((residual.detach() - code) ** 2).sum(dim=1).mean()
            loss = loss + BETA * ((residual - code.detach()) ** 2).sum(dim=1).mean()
            quantized = quantized + code
            residual = residual - code
        quantized = z + (quantized - z).detach()
        return self.decoder(quantized), loss


class PlainTraining:
    """The peer's loop: a DataLoader over a TensorDataset, Adam, the loss read every step."""

    def __init__(self, vectors: np.ndarray, batch_size: int, reference: RQVAE) -> None:
        self.model = PlainRQVAE()
        self.model.encoder.load_state_dict(reference.encoder.state_dict())
        self.model.decoder.load_state_dict(reference.decoder.state_dict())
        for codebook, book in zip(self.model.codebooks, reference.quantizer.books, strict=True):
            codebook.weight.data.copy_(book.data)
        self.loader = DataLoader(TensorDataset(torch.from_numpy(vectors)), batch_size=batch_size, shuffle=True)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-4)

    def loss(self, x: Tensor) -> Tensor:
        decoded, quantization = self.model(x)
        return ((x - decoded) ** 2).sum(dim=1).mean() + quantization

    def train_epoch(self) -> float:
        self.model.train()
        total = 0.0
        for (x,) in self.loader:
            self.optimizer.zero_grad()
            loss = self.loss(x)
            loss.backward()
            self.optimizer.step()
            total += loss.item() * len(x)
        return total / len(self.loader.dataset)


def set_up(n_items: int, batch_size: int) -> tuple[AutoencoderTraining, PlainTraining]:
    """Both trainings from the same weights; asserts that they compute the same loss and gradients."""
    vectors = np.random.default_rng(0).normal(size=(n_items, INPUT)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    options = RQVAETokenizer(
        method="rqvae",
        encoder="random",
        n_levels=LEVELS,
        codebook_size=CODES,
        hidden_dims=HIDDEN,
        latent_dim=LATENT,
        shared_codebook=False,
        residuals="plain",
        commitment_weight=BETA,
        reduction="sum",
        initialization="kmeans-batch",
        dead_code_epochs=0,
        learning_rate=1e-4,
        weight_decay=0.0,
        batch_size=batch_size,
        steps=1_000_000,
        selection="last",
        repair=None,
    )
    ours = AutoencoderTraining(RQVAE, options, Catalogue(vectors, np.arange(n_items), vectors.mean(axis=0)), seed=0)
    ours.start()
    plain = PlainTraining(vectors, batch_size, ours.model)
    batch = torch.from_numpy(vectors[:batch_size])
    first, second = ours.model.losses(batch, torch.arange(batch_size))["loss"], plain.loss(batch)
    torch.testing.assert_close(first, second)
    torch.autograd.backward(first)
    torch.autograd.backward(second)
    for mine, peer in zip(ours.model.parameters(), _in_order(plain.model), strict=True):
        torch.testing.assert_close(mine.grad, peer.grad, atol=1e-5, rtol=1e-3)
    return ours, plain


def train_epoch(ours: AutoencoderTraining, epoch: int) -> dict[str, float]:
    """The steps of `semtok.training.train`; the mean losses."""
    ours.model.train()
    found = []
    for batch in ours.batches(epoch):
        ours.optimizer.zero_grad()
        found.append(torch.stack(list(ours.backward(batch, Progress()).terms.values())).detach())
        ours.optimizer.step()
    names = ("loss", "reconstruction", "quantization")
    return dict(zip(names, torch.stack(found).mean(dim=0).tolist(), strict=True))


def _in_order(model: PlainRQVAE) -> list[nn.Parameter]:
    return [*model.encoder.parameters(), *model.codebooks.parameters(), *model.decoder.parameters()]


def ceiling(batch_size: int) -> float:
    """Items a second if a step were its matrix products alone, at the speed of the largest of them."""
    widths = [INPUT, *HIDDEN, LATENT]
    products = sum(a * b for a, b in pairwise(widths))
    # Forward, gradient of the weights and of the inputs, in encoder and decoder; x itself needs no gradient.
    operations = 2 * (2 * 3 * products - INPUT * HIDDEN[0] + LEVELS * CODES * LATENT)
    left, right = torch.randn(batch_size, INPUT), torch.randn(INPUT, HIDDEN[0])
    left @ right
    start, count = time.perf_counter(), 100
    for _ in range(count):
        left @ right
    seconds = (time.perf_counter() - start) / count
    return 2 * batch_size * INPUT * HIDDEN[0] / seconds / operations


def summary(values: list[float]) -> dict[str, float]:
    low, median, high = np.percentile(values, [25, 50, 75])
    return {"median": round(float(median), 3), "q1": round(float(low), 3), "q3": round(float(high), 3)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=12_288)
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    os.environ["SEMTOK_DEVICE"], os.environ["SEMTOK_DTYPE"] = "cpu", "float32"
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    ours, plain = set_up(arguments.items, arguments.batch)
    train_epoch(ours, 1)
    plain.train_epoch()
    times: dict[str, list[float]] = {"ours": [], "plain": [], "ours with history": []}
    ceilings = []
    for repeat in range(arguments.repeats):
        start = time.perf_counter()
        losses = train_epoch(ours, 2 + repeat)
        trained = time.perf_counter()
        ours.row(Progress(epoch=2 + repeat), losses)
        finished = time.perf_counter()
        plain.train_epoch()
        times["plain"].append(time.perf_counter() - finished)
        times["ours"].append(trained - start)
        times["ours with history"].append(finished - start)
        ceilings.append(ceiling(arguments.batch))
    result = {
        "benchmark": "tokenizer_training",
        **vars(arguments),
        "torch": torch.__version__,
        "items_per_second": {
            name: summary([arguments.items / value for value in values]) for name, values in times.items()
        },
        "ratio_to_plain": {
            name: summary([peer / value for peer, value in zip(times["plain"], times[name], strict=True)])
            for name in ("ours", "ours with history")
        },
        "ceiling_items_per_second": summary(ceilings),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
