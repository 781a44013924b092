"""SimCIT training, items a second: semtok's step against a plain loop over the equations.

Both train from the same weights with the same batches and noise, in float32: text of 768, collaborative of 32 and
spatial of 64 dimensions, hidden layers 512-256-128, 3 x 48 codewords of 96, all items with all views and no two
vectors alike (where vectors repeat, as the texts of venues do, semtok encodes each once and is faster still). Losses
and gradients are checked to agree first. Repeats take turns; the ratio is taken pair by pair, and time is that of the
processor, which a busy machine stretches less than the clock's. `python benchmarks/simcit_training.py --repeats 9`
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from semtok.config.tokenizers import SimCITTokenizer
from semtok.tokenizers.simcit import SimCIT
from semtok.tokenizers.simcit_training import WATCHED_ITEMS, SimCITTraining
from semtok.tokenizers.soft_quantizer import gumbel_noise
from semtok.tokenizers.views import Views
from semtok.training import Progress

DIMS = {"collaborative": 32, "spatial": 64, "text": 768}
HIDDEN, LATENT, LEVELS, CODES, TAU, ALPHA = [512, 256, 128], 96, 3, 48, 0.1, 0.2


class PlainSimCIT(nn.Module):
    """The peer: a loop over modalities, levels and loss terms, each as its equation stands."""

    def __init__(self, reference: SimCIT) -> None:
        super().__init__()
        self.encoders = nn.ModuleDict({name: self.mlp(dim) for name, dim in DIMS.items()})
        self.query = nn.Parameter(reference.fusion.score.weight.detach()[0].clone())
        self.codebooks = nn.ModuleList(nn.Embedding(CODES, LATENT) for _ in range(LEVELS))
        self.head = nn.Linear(LATENT, LATENT)
        for name, encoder in self.encoders.items():
            encoder.load_state_dict(reference.encoders[name].state_dict())
        for codebook, book in zip(self.codebooks, reference.quantizer.books, strict=True):
            codebook.weight.data.copy_(book.data)
        self.head.load_state_dict(reference.projection[0].state_dict())

    @staticmethod
    def mlp(dim: int) -> nn.Sequential:
        return nn.Sequential(
            nn.Linear(dim, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(),
            nn.Linear(128, LATENT),
        )  # fmt: skip

    def loss(self, x: dict[str, Tensor], noise: Tensor) -> Tensor:
        views = [self.encoders[name](x[name]) for name in DIMS]
        weights = torch.softmax(torch.stack([view @ self.query for view in views], dim=1), dim=1)
        z = sum(weights[:, [m]] * view for m, view in enumerate(views))
        residual, quantized = z, torch.zeros_like(z)
        for level, codebook in enumerate(self.codebooks):
            distance = torch.cdist(residual, codebook.weight) ** 2
            assignment = torch.softmax((-distance + noise[level]) / ALPHA, dim=1)
            soft = assignment @ codebook.weight
            quantized = quantized + soft
            residual = residual - soft
        u = F.normalize(self.head(quantized), dim=1)
        total = torch.zeros(())
        itself = torch.eye(len(u), dtype=torch.bool)
        for view in views:
            v = F.normalize(self.head(view), dim=1)
            among = (u @ u.T / TAU).masked_fill(itself, -torch.inf)
            across = u @ v.T / TAU
            total = total + F.cross_entropy(torch.cat([across, among], dim=1), torch.arange(len(u)))
        return total


class PlainTraining:
    """The peer's step: the views in memory, AdamW as torch gives it, the loss read every step."""

    def __init__(self, model: PlainSimCIT, vectors: dict[str, Tensor]) -> None:
        self.model, self.vectors = model, vectors
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=2e-4, weight_decay=1e-3)

    def step(self, items: Tensor, noise: Tensor) -> float:
        self.optimizer.zero_grad()
        loss = self.model.loss({name: vectors[items] for name, vectors in self.vectors.items()}, noise)
        loss.backward()
        self.optimizer.step()
        return loss.item()


def options(batch_size: int) -> SimCITTokenizer:
    return SimCITTokenizer(
        method="simcit",
        views=dict.fromkeys(DIMS, "random"),
        standardize=False,
        n_levels=LEVELS,
        codebook_size=CODES,
        hidden_dims=HIDDEN,
        activation="relu",
        encoder_bias=True,
        encoder_initialization="he",
        latent_dim=LATENT,
        fusion="query",
        shared_codebook=False,
        search="soft",
        commitment_weight=0.25,
        distance="sum",
        noise="unit",
        annealing="constant",
        start_temperature=ALPHA,
        end_temperature=ALPHA,
        annealing_share=0.8,
        projection="linear",
        temperature=TAU,
        mask_duplicates=False,
        codeword_regularizer=0.0,
        initialization="kmeans",
        optimizer="adamw",
        learning_rate=2e-4,
        weight_decay=1e-3,
        schedule="constant",
        warmup=0.0,
        batch_size=batch_size,
        steps=1_000_000,
        log_every=50,
        repair=None,
    )


def set_up(folder: Path, batch_size: int, n_items: int) -> tuple[SimCITTraining, PlainTraining]:
    """Both trainings from the same weights; asserts that they compute the same loss and gradients."""
    generator = np.random.default_rng(0)
    vectors = {name: generator.normal(size=(n_items, dim)).astype(np.float32) for name, dim in DIMS.items()}
    for name, array in vectors.items():
        np.save(folder / f"{name}.npy", array)
    views = Views({name: folder / f"{name}.npy" for name in DIMS})
    ours = SimCITTraining(SimCIT, options(batch_size), views, seed=0)
    ours.start()
    plain = PlainTraining(PlainSimCIT(ours.model), {name: torch.from_numpy(array) for name, array in vectors.items()})
    items = np.arange(batch_size)
    noise = gumbel_noise((LEVELS, batch_size, CODES), torch.Generator().manual_seed(0))
    first = ours.model.losses(views.batch(items, ours.where), ALPHA, noise)["loss"]
    second = plain.model.loss({name: torch.from_numpy(array[:batch_size]) for name, array in vectors.items()}, noise)
    torch.testing.assert_close(first, second, atol=1e-4, rtol=1e-4)
    first.backward()
    second.backward()
    for mine, peer in zip(_in_order(ours.model), _in_order(plain.model), strict=True):
        torch.testing.assert_close(mine, peer, atol=2e-3 * float(peer.abs().max()), rtol=1e-2)
    return ours, plain


def _in_order(model: SimCIT | PlainSimCIT) -> list[Tensor]:
    if isinstance(model, PlainSimCIT):
        books, query, head = [book.weight for book in model.codebooks], model.query, model.head
    else:
        books, query, head = list(model.quantizer.books), model.fusion.score.weight, model.projection[0]
    parameters = [*model.encoders.parameters(), *books, query, *head.parameters()]
    return [parameter.grad.reshape(-1) for parameter in parameters]


def measure(batch_size: int, n_steps: int, repeats: int) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        ours, plain = set_up(Path(folder), batch_size, max(2 * batch_size, WATCHED_ITEMS))
        batches = list(ours.batches(1)) * n_steps
        assert len(ours.watched) == WATCHED_ITEMS
        seconds: dict[str, list[float]] = {"ours": [], "history": [], "plain": []}
        for repeat in range(repeats + 1):
            times = []
            start = time.process_time()
            for step, items in enumerate(batches[:n_steps], repeat * n_steps):
                ours.optimizer.zero_grad()
                ours.backward(items, Progress(step=step))
                ours.optimizer.step()
            times.append(time.process_time() - start)
            ours.row(Progress(step=(repeat + 1) * n_steps), {})
            ours.model.train()
            times.append(time.process_time() - start - times[0])
            start = time.process_time()
            for number, items in enumerate(batches[:n_steps]):
                generator = torch.Generator().manual_seed(1000 * repeat + number)
                noise = -torch.empty(LEVELS, batch_size, CODES).exponential_(generator=generator).log()
                plain.step(torch.from_numpy(items), noise)
            times.append(time.process_time() - start)
            # The first round warms up.
            if repeat:
                for name, value in zip(seconds, times, strict=True):
                    seconds[name].append(value)
    per_step = {name: np.array(values) for name, values in seconds.items()}
    items = n_steps * batch_size
    return {
        "batch": batch_size,
        "items_per_second": {name: summary(items / per_step[name]) for name in ("ours", "plain")},
        "ratio_to_plain": summary(per_step["plain"] / per_step["ours"]),
        "share_of_history_every_50_steps": summary(
            per_step["history"] / (50 / n_steps * per_step["ours"] + per_step["history"])
        ),
    }


def summary(values: np.ndarray) -> dict[str, float]:
    low, median, high = np.percentile(values, [25, 50, 75])
    return {"median": round(float(median), 3), "q1": round(float(low), 3), "q3": round(float(high), 3)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, nargs="+", default=[256, 4096])
    parser.add_argument("--items", type=int, default=32_768, help="trained a repeat")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    os.environ["SEMTOK_DEVICE"], os.environ["SEMTOK_DTYPE"] = "cpu", "float32"
    torch.set_num_threads(arguments.threads)
    for batch_size in arguments.batches:
        result = measure(batch_size, max(arguments.items // batch_size, 1), arguments.repeats)
        print(json.dumps({"benchmark": "simcit_training", **vars(arguments), "torch": torch.__version__, **result}))


if __name__ == "__main__":
    main()
