"""How RQ-VAE and CoST are trained: Adam over shuffled batches, resumable to the same weights (methods.md 2.6)."""

import logging
import math
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import trange

from semtok import checkpoints, devices
from semtok.config.tokenizers import AutoencoderTokenizer
from semtok.errors import SemtokError
from semtok.tokenizers.autoencoder import Autoencoder
from semtok.tokenizers.base import Codes, Task, Tokens
from semtok.tokenizers.measures import collision_rate, perplexity
from semtok.tokenizers.vectors import Catalogue, read_catalogue

log = logging.getLogger(__name__)

CHECKPOINT_SECONDS = 30.0
"""How much work a kill may cost."""
EXPORT_BATCH = 8192
"""Items coded at a time; independent of the training batch."""
ONE_BATCH_BELOW = 128
"""Codebooks smaller than this are fitted to the first batch alone, as CoST says (methods.md 2.4)."""
POINTS_PER_CODEWORD = 10
"""How many latents larger ones are fitted to."""
REVIVAL_NOISE = 0.01
"""Noise on the residual that a dead codeword is moved to, as a share of the residuals' root mean square."""


def fit(build: Callable[[int, Any], Autoencoder], task: Task) -> Tokens:
    """Train `build(input_dim, options)` on the catalogue and code every item with the weights of the last epoch."""
    catalogue = read_catalogue(task.vectors)
    training = Training(build, task.options, catalogue, task.seed)
    training.run(task.checkpoint, task.identity)
    codes, _ = training.assign()
    facts = {"items_without_vector": catalogue.missing, **devices.describe()}
    return Tokens(codes, training.model.arrays(), training.history, facts)


class Training:
    """The state of a training: model, optimiser, finished epochs and their history.

    Whatever is drawn depends on (seed, epoch) alone, so that nothing random has to be carried over a kill.
    """

    def __init__(
        self,
        build: Callable[[int, Any], Autoencoder],
        options: AutoencoderTokenizer,
        catalogue: Catalogue,
        seed: int,
    ) -> None:
        self.options = options
        self.catalogue = catalogue
        self.seed = seed
        self.where = devices.device()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.model = build(catalogue.vectors.shape[1], options).to(self.where)
        self.model.compute_dtype = devices.compute_dtype(self.where)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=options.learning_rate, fused=True)
        self.vectors = torch.from_numpy(catalogue.vectors).to(self.where)
        self.present = torch.from_numpy(catalogue.present).to(self.where)
        self.unused_epochs = torch.zeros(len(self.model.quantizer.books), options.codebook_size, dtype=torch.int64)
        self.epoch = 0
        self.history: list[dict[str, Any]] = []

    def run(self, checkpoint: Path | None = None, identity: str = "") -> None:
        """Train until `epochs` are done, from the checkpoint if there is one."""
        if checkpoint is None or not self._restore(checkpoint, identity):
            self._initialize_books()
        saved = time.monotonic()
        name = type(self.model).__name__
        for epoch in trange(self.epoch + 1, self.options.epochs + 1, desc=name, mininterval=5, disable=None):
            losses = self.train_epoch(epoch)
            self._finish_epoch(epoch, losses)
            if checkpoint is not None and time.monotonic() - saved >= CHECKPOINT_SECONDS:
                checkpoints.save(checkpoint, identity, self._state())
                saved = time.monotonic()

    def train_epoch(self, epoch: int) -> dict[str, float]:
        """One pass over the items that have a vector; the mean of every loss term over the items."""
        self.model.train()
        names: list[str] = []
        # Kept on the device until the end: reading a number every step would wait for it.
        values, sizes = [], []
        for x in self.batches(epoch):
            losses = self.model.losses(x)
            self.optimizer.zero_grad()
            torch.autograd.backward(losses["loss"])
            self.optimizer.step()
            names = list(losses)
            values.append(torch.stack(list(losses.values())).detach())
            sizes.append(len(x))
        weighted = np.average(torch.stack(values).cpu().double().numpy(), axis=0, weights=sizes)
        means: dict[str, float] = dict(zip(names, weighted.tolist(), strict=True))
        if not math.isfinite(means["loss"]):
            raise SemtokError(
                f"{type(self.model).__name__}: the loss of epoch {epoch} is {means['loss']} ({means}); "
                f"lower learning_rate (now {self.options.learning_rate}), or check the scale of the encoder's vectors"
            )
        return means

    def batches(self, epoch: int) -> Iterator[Tensor]:
        """The items in the order of (seed, epoch), [batch, input_dim] at a time.

        A last batch below half the size is dropped where the loss needs negatives, unless it is the only one.
        """
        order = self.present[torch.randperm(len(self.present), generator=self._generator(epoch, 0)).to(self.where)]
        for number, rows in enumerate(torch.split(order, self.options.batch_size)):
            if number and self.model.needs_negatives and len(rows) < self.options.batch_size / 2:
                return
            yield self.vectors.index_select(0, rows)

    @torch.no_grad()
    def assign(self) -> tuple[Codes, list[float]]:
        """The nearest codes of every item, [n_items, n_levels], and the mean norm of the residuals r_0 .. r_L."""
        self.model.eval()
        codes, norms = [], torch.zeros(self.options.n_levels + 1, dtype=torch.float64)
        for rows in torch.split(self.present, EXPORT_BATCH):
            code, residuals = self.model.quantizer.assign(self.model.encode(self.vectors.index_select(0, rows)))
            codes.append(code.cpu().numpy())
            norms += residuals.norm(dim=2).sum(dim=1).cpu()
        mean = torch.from_numpy(self.catalogue.mean).to(self.where)
        of_mean, _ = self.model.quantizer.assign(self.model.encode(mean[None]))
        everyone = self.catalogue.spread(np.concatenate(codes), of_mean[0].cpu().numpy())
        return everyone.astype(np.int32), (norms / len(self.present)).tolist()

    def _finish_epoch(self, epoch: int, losses: dict[str, float]) -> None:
        codes, norms = self.assign()
        counts = [np.bincount(column, minlength=self.options.codebook_size) for column in codes.T]
        row: dict[str, Any] = {"epoch": epoch, **losses}
        row |= {f"residual_norm_{level}": norm for level, norm in enumerate(norms)}
        row |= {f"perplexity_{level}": perplexity(count) for level, count in enumerate(counts, start=1)}
        row["collision_rate"] = collision_rate(codes)
        row["moved_codewords"] = self._revive(epoch, np.stack(counts)) if epoch < self.options.epochs else 0
        self.history.append(row)
        self.epoch = epoch

    @torch.no_grad()
    def _revive(self, epoch: int, counts: np.ndarray[Any, Any]) -> int:
        """Move codewords that no item has used for `dead_code_epochs` to random residuals of their level.

        counts: [n_levels, K]. A shared book takes the residuals of random levels.
        """
        if not self.options.dead_code_epochs:
            return 0
        quantizer = self.model.quantizer
        n_books, n_levels = len(quantizer.books), quantizer.n_levels
        used = torch.from_numpy(counts if n_books > 1 else counts.sum(axis=0, keepdims=True)) > 0
        self.unused_epochs = torch.where(used, 0, self.unused_epochs + 1)
        dead = self.unused_epochs >= self.options.dead_code_epochs
        generator = self._generator(epoch, 1)
        for level, book in enumerate(quantizer.books):
            rows = dead[level].nonzero()[:, 0]
            if not len(rows):
                continue
            items = torch.randint(len(self.present), (len(rows),), generator=generator)
            levels = torch.full_like(items, level)
            if n_books == 1:
                levels = torch.randint(n_levels, (len(rows),), generator=generator)
            x = self.vectors.index_select(0, self.present[items.to(self.where)])
            _, residuals = quantizer.assign(self.model.encode(x))
            chosen = residuals[levels.to(self.where), torch.arange(len(rows), device=self.where)]
            noise = torch.randn(chosen.shape, generator=generator).to(self.where)
            rows = rows.to(self.where)
            book[rows] = chosen + REVIVAL_NOISE * chosen.square().mean().sqrt() * noise
            for moment in ("exp_avg", "exp_avg_sq"):
                self.optimizer.state[book][moment][rows] = 0
        self.unused_epochs[dead] = 0
        return int(dead.sum())

    @torch.no_grad()
    def _initialize_books(self) -> None:
        """k-means on the latents of the untrained encoder, unless the config asks for none (methods.md 2.4)."""
        if self.options.initialization == "normal":
            return
        if self.options.initialization == "kmeans-all":
            batches = [self.vectors.index_select(0, rows) for rows in torch.split(self.present, EXPORT_BATCH)]
        else:
            size, codewords = self.options.batch_size, self.options.codebook_size
            one_batch = codewords < ONE_BATCH_BELOW and codewords <= size
            n_batches = 1 if one_batch else math.ceil(POINTS_PER_CODEWORD * codewords / size)
            batches = list(islice(self.batches(epoch=1), n_batches))
        latents = torch.cat([self.model.encode(x) for x in batches])
        self.model.quantizer.initialize(latents, self.seed)

    def _generator(self, epoch: int, purpose: int) -> torch.Generator:
        state = np.random.SeedSequence((self.seed, epoch, purpose)).generate_state(1)
        return torch.Generator().manual_seed(int(state[0]))

    def _state(self) -> dict[str, Any]:
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "unused_epochs": self.unused_epochs,
            "epoch": self.epoch,
            "history": self.history,
        }

    def _restore(self, checkpoint: Path, identity: str) -> bool:
        state = checkpoints.load(checkpoint, identity)
        if state is None:
            return False
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.unused_epochs, self.epoch, self.history = state["unused_epochs"], state["epoch"], state["history"]
        log.info("going on after epoch %d of %d", self.epoch, self.options.epochs)
        return True
