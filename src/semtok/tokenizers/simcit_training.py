"""How SimCIT is trained: shuffled batches of all views, alpha annealed over the steps, resumable to the same weights
(methods.md 3.6, items 8 and 9), and what is recorded of it every few steps (7.4)."""

import logging
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from semtok.config.tokenizers import SimCITTokenizer
from semtok.errors import ConfigError, SemtokError
from semtok.run import devices, processes
from semtok.schedules import annealed, learning_rate
from semtok.tokenizers.base import Codes, Task, Tokens
from semtok.tokenizers.epochs import EpochTraining
from semtok.tokenizers.measures import collision_rate, perplexity
from semtok.tokenizers.soft_quantizer import gumbel_noise
from semtok.tokenizers.views import CODED_AT_ONCE, Scale, Views

log = logging.getLogger(__name__)

WATCHED_ITEMS = 8192
"""The history describes the codes of so many items, drawn once by the seed; of all in a catalogue up to that."""
LARGEST_BATCH = 4096
"""Where the config leaves the batch open: this, or half of a smaller catalogue."""
POINTS_PER_CODEWORD = 10
"""How many latents the codebooks are fitted to, in whole batches."""
WIDEST_GAP = 100
"""From here on, in units of alpha, the soft search is a hard one and the noise does not matter."""
NARROWEST_GAP = 1
"""From here down, in units of alpha, many codewords have about the same weight, and noise chooses between them."""
OPTIMIZERS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}


def fit(build: Callable[[dict[str, Scale], Any], Any], task: Task) -> Tokens:
    """Train `build(scales, options)` on the views and code every item with the weights of the last epoch."""
    views = Views(task.views)
    training = Training(build, task.options, views, task.seed)
    training.run(task.checkpoint, task.identity)
    facts = {
        "items_without_view": {name: catalogue.missing for name, catalogue in views.catalogues.items()},
        "items_without_any_view": views.n_items - len(views.items),
        "batch_size": training.batch_size,
        "steps": training.n_steps,
        "watched_items": len(training.watched),
        "median_gap_over_alpha_at_start": training.gap_at_start,
        **devices.describe(),
    }
    # Times are logged only: the facts go into the model's file, which is the same for the same run.
    log.info("%s, seconds: %s", facts, training.seconds)
    codes, residuals = training.code_all()
    return training.tokens(codes, residuals, facts)


class Training(EpochTraining):
    """The training of SimCIT; what is drawn depends on (seed, epoch) or (seed, step).

    An item is learned from if it has a view at all.
    """

    carried = ("step", "sums", "summed", "gap_at_start", "seconds")
    options: SimCITTokenizer

    def __init__(
        self,
        build: Callable[[dict[str, Scale], Any], Any],
        options: SimCITTokenizer,
        views: Views,
        seed: int,
    ) -> None:
        super().__init__(lambda: build(views.scales(), options), options, OPTIMIZERS[options.optimizer], seed)
        self.views = views
        n_items = len(views.items)
        self.batch_size = options.batch_size or max(min(LARGEST_BATCH, n_items // 2), min(n_items, 2))
        self.steps_per_epoch = len(self._sizes())
        self.n_steps = options.epochs * self.steps_per_epoch
        drawn = torch.randperm(n_items, generator=self._generator(0, *b"watched"))[:WATCHED_ITEMS]
        self.watched = views.items[np.sort(drawn.numpy())]
        self.step = 0
        self.sums: dict[str, Tensor] = {}
        """Losses summed since the last row of the history, over `summed` steps."""
        self.summed = 0
        self.gap_at_start: list[float] = []
        self.seconds = {"training": 0.0, "history": 0.0}

    def train_epoch(self, epoch: int) -> None:
        """One pass over the items."""
        start, before = time.monotonic(), self.seconds["history"]
        self.model.train()
        for items in self.batches(epoch):
            losses = self.train_step(items)
            self.step += 1
            self.summed += 1
            for name, value in losses.items():
                self.sums[name] = self.sums.get(name, torch.zeros_like(value)) + value.detach()
            if self.step % self.options.log_every == 0 or self.step == self.n_steps:
                self._record(epoch)
        self.seconds["training"] += time.monotonic() - start - (self.seconds["history"] - before)

    def train_step(self, items: npt.NDArray[np.int64]) -> dict[str, Tensor]:
        """One step of the optimiser on these items; the losses before it."""
        options = self.options
        rate = learning_rate(options.learning_rate, self.step, self.n_steps, options.schedule, options.warmup)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        share = processes.share(len(items))
        gather = self.views.batch if options.gather_negatives or not share.sizes else self.views.part
        batch, noise = gather(items, self.where, share), self._noise(len(items), "noise")
        own_noise = None if noise is None else noise[:, share.rows]
        losses: dict[str, Tensor] = self.model.losses(batch, self.temperature(), own_noise)
        self.optimizer.zero_grad()
        losses = processes.backward(losses, self.optimizer)
        self.optimizer.step()
        return losses

    def temperature(self) -> float:
        """alpha of the next step."""
        options = self.options
        if options.annealing == "constant":
            return options.start_temperature
        return annealed(
            self.step, self.n_steps, options.start_temperature, options.end_temperature, options.annealing_share
        )

    def batches(self, epoch: int) -> Iterator[npt.NDArray[np.int64]]:
        """The items in the order of (seed, epoch), a batch at a time."""
        order = torch.randperm(len(self.views.items), generator=self._generator(epoch, *b"order")).numpy()
        start = 0
        for size in self._sizes():
            yield self.views.items[order[start : start + size]]
            start += size

    @torch.no_grad()
    def code_all(self) -> tuple[Codes, npt.NDArray[np.float32] | None]:
        """The codes of every item by the hard search, int32 [n_items, n_levels], and r_{L-1} where they are repaired.

        An item without any view is coded as the mean latent of the others, the vector that says least.
        """
        self.model.eval()
        n_items, dim = self.views.n_items, self.options.latent_dim
        codes = np.empty((n_items, self.options.n_levels), dtype=np.int32)
        is_repaired = self.options.repair is not None and processes.is_main()
        last_residuals = np.empty((n_items, dim), dtype=np.float32) if is_repaired else None

        def assign(items: npt.NDArray[np.int64], latent: Tensor) -> None:
            code, residuals = self.model.quantizer.assign(latent)
            codes[items] = code.cpu().numpy()
            if last_residuals is not None:
                last_residuals[items] = residuals[-2].cpu().numpy()

        total = torch.zeros(self.options.latent_dim, dtype=torch.float64)
        for start in range(0, len(self.views.items), CODED_AT_ONCE):
            items = self.views.items[start : start + CODED_AT_ONCE]
            latent, _ = self.model.encode(self.views.batch(items, self.where))
            assign(items, latent)
            total += latent.sum(dim=0, dtype=torch.float64).cpu()
        if len(self.views.items) < self.views.n_items:
            nothing = np.setdiff1d(np.arange(self.views.n_items), self.views.items)
            mean = (total / len(self.views.items)).float().to(self.where)
            assign(nothing, mean[None])
        return codes, last_residuals

    def _start(self) -> None:
        self._initialize_books()
        self._measure_start()

    def _run_epoch(self, epoch: int) -> None:
        self.train_epoch(epoch)

    @torch.no_grad()
    def _record(self, epoch: int) -> None:
        """A row of the history: the mean losses since the last one, and the codes of the watched items as of now."""
        start = time.monotonic()
        row: dict[str, Any] = {"step": self.step, "epoch": epoch}
        row |= {name: float(total) / self.summed for name, total in self.sums.items()}
        if not math.isfinite(row["loss"]):
            raise SemtokError(
                f"SimCIT: the loss is {row['loss']} by step {self.step} ({row}); lower learning_rate "
                f"(now {self.options.learning_rate}), or check the scale of the views' vectors"
            )
        self.sums, self.summed = {}, 0
        alpha = self.temperature()
        codes, latent = self._hard_codes()
        columns = codes.cpu().numpy().T
        row |= {f"perplexity_{level}": perplexity(np.bincount(column)) for level, column in enumerate(columns, start=1)}
        row["collision_rate"] = collision_rate(columns.T)
        if self.options.search == "soft":
            # Soft residuals lead to other codes than hard ones do, and noise to others again.
            row["agreement"] = float((self.model.quantizer.soft(latent, alpha).codes == codes).float().mean())
            noise = self._noise(len(latent), "watched noise")
            if noise is not None:
                noisy = self.model.quantizer.soft(latent, alpha, noise).codes
                row["agreement_with_noise"] = float((noisy == codes).float().mean())
            row["gumbel_temperature"] = alpha
            row |= {f"gap_{level}": gap for level, gap in enumerate(self._gaps(latent), start=1)}
        self.history.append(row)
        self.model.train()
        self.seconds["history"] += time.monotonic() - start

    @torch.no_grad()
    def _hard_codes(self) -> tuple[Tensor, Tensor]:
        """Codes and latents of the watched items."""
        self.model.eval()
        latent, _ = self.model.encode(self.views.batch(self.watched, self.where))
        return self.model.quantizer.assign(latent)[0], latent

    def _gaps(self, latent: Tensor) -> list[float]:
        """By level, the median of (second-best - best distance) / alpha."""
        medians: list[float] = (self.model.quantizer.gap(latent).median(dim=1).values / self.temperature()).tolist()
        return medians

    @torch.no_grad()
    def _measure_start(self) -> None:
        self.gap_at_start = self._gaps(self._hard_codes()[1])
        first = self.gap_at_start[0]
        log.info("(second - best distance) / alpha at the start, median by level: %s", self.gap_at_start)
        if self.options.search == "soft" and first > WIDEST_GAP:
            log.warning("the codewords lie %.0f alpha apart: the search starts hard; set distance: mean", first)
        if self.options.search == "soft" and first < NARROWEST_GAP:
            log.warning("the codewords lie %.2g alpha apart: the assignment starts near uniform", first)

    @torch.no_grad()
    def _initialize_books(self) -> None:
        """k-means on the fused latents of the untrained encoders, as the config says (methods.md 2.4)."""
        if self.options.initialization == "uniform":
            generator = self._generator(0, *b"books")
            for book in self.model.quantizer.books:
                book.copy_(torch.rand(book.shape, generator=generator))
        if self.options.initialization != "kmeans":
            return
        n_points = max(POINTS_PER_CODEWORD * self.options.codebook_size, self.batch_size)
        items = np.concatenate(list(self.batches(epoch=1)))[:n_points]
        latent, _ = self.model.encode(self.views.batch(items, self.where))
        self.model.quantizer.initialize(latent, self.seed)

    def _sizes(self) -> list[int]:
        """How many items each batch of an epoch has.

        A last batch below half the size is dropped, since few negatives make another loss, unless it is the only one.
        """
        n_items = len(self.views.items)
        if n_items < 2:
            raise ConfigError(f"found {n_items} item with a view; a contrast needs two")
        whole, rest = divmod(n_items, self.batch_size)
        return [self.batch_size] * whole + [rest] * (rest >= max(self.batch_size / 2, 1) or not whole)

    def _noise(self, n_items: int, purpose: str) -> Tensor | None:
        """g for so many items, drawn by (seed, step)."""
        if self.options.noise == "none" or self.options.search != "soft":
            return None
        shape = (self.options.n_levels, n_items, self.options.codebook_size)
        drawn = gumbel_noise(shape, self._generator(self.step, *purpose.encode(), where=self.where))
        return drawn * self.temperature() if self.options.noise == "annealed" else drawn

    def _restore(self, checkpoint: Path, identity: str) -> bool:
        restored = super()._restore(checkpoint, identity)
        self.sums = {name: value.to(self.where) for name, value in self.sums.items()}
        return restored
