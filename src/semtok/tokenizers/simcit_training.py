"""What is special of SimCIT's training: batches of all views, alpha annealed over the steps, and what is recorded
of it every few steps (docs/methods.md, "SimCIT")."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from semtok.config.tokenizers import SimCITTokenizer
from semtok.errors import ConfigError
from semtok.optimizers import Adam, AdamW
from semtok.run import devices
from semtok.schedules import annealed
from semtok.tokenizers.base import Codes, TokenizerTask, Tokens, batch_sizes, training_length
from semtok.tokenizers.measures import collision_rate, perplexity
from semtok.tokenizers.repair import repaired
from semtok.tokenizers.soft_quantizer import gumbel_noise
from semtok.tokenizers.views import CODED_AT_ONCE, Scale, Views
from semtok.training import Losses, Objective, Plan, Progress, generator, seeded_model, train, weights_of

log = logging.getLogger(__name__)

Items = npt.NDArray[np.int64]

WATCHED_ITEMS = 8192
"""The history describes the codes of so many items, drawn once by the seed; of all in a catalogue up to that."""
LARGEST_BATCH = 4096
"""Where the config leaves the batch open: this, or half of a smaller catalogue."""
POINTS_PER_CODEWORD = 10
"""How many latents the codebooks are fitted to, in whole batches."""
WIDEST_MARGIN = 100
"""From here on, in units of alpha, the soft search is a hard one and the noise does not matter."""
NARROWEST_MARGIN = 1
"""From here down, in units of alpha, many codewords have about the same weight, and noise chooses between them."""
OPTIMIZERS: dict[str, Any] = {"adam": Adam, "adamw": AdamW}


def fit(make: Callable[[dict[str, Scale], Any], Any], task: TokenizerTask) -> Tokens:
    """Train `make(scales, options)` on the views and code every item with the weights of the last epoch."""
    options, views = task.options, Views(task.views)
    training = SimCITTraining(make, options, views, task.seed)
    plan = Plan(
        training.n_epochs,
        options.learning_rate,
        schedule=options.schedule,
        warmup=options.warmup,
        steps_per_row=options.log_every,
        steps=training.n_steps,
    )
    progress = train(training, plan, task.checkpoint, task.identity)
    facts = {
        "items_without_view": {name: catalogue.missing for name, catalogue in views.catalogues.items()},
        "items_without_any_view": views.n_items - len(views.items),
        "batch_size": training.batch_size,
        "steps": training.n_steps,
        "watched_items": len(training.watched),
        "median_gap_over_alpha_at_start": training.margins_at_start,
        **devices.hardware(),
    }
    codes, last_residuals = training.code_all()
    weights = {name: weight.numpy() for name, weight in weights_of(training.model).items()}
    tokens = Tokens(codes, weights, progress.history, facts)
    if options.repair is None:
        return tokens
    return repaired(tokens, last_residuals, training.model.quantizer.last_book(), options.repair)


class SimCITTraining(Objective):
    """The training of SimCIT on the items that have a view at all; what is drawn depends on (seed, epoch or step)."""

    name = "SimCIT"
    checkpointed = ("margins_at_start",)
    resumes_within_epochs = True
    precision = torch.float32
    model: Any

    def __init__(
        self, make: Callable[[dict[str, Scale], Any], Any], options: SimCITTokenizer, views: Views, seed: int
    ) -> None:
        self.options, self.views, self.seed, self.where = options, views, seed, devices.device()
        self.model = seeded_model(lambda: make(views.scales(), options), seed)
        self.model.compute_dtype = devices.compute_dtype(self.where)
        self.remedy = f"lower learning_rate (now {options.learning_rate}), or check the scale of the views' vectors"
        self.optimizer = OPTIMIZERS[options.optimizer](
            self.model.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay, fused=True
        )
        n_items = len(views.items)
        if n_items < 2:
            raise ConfigError(f"found {n_items} item with a view; a contrast needs two")
        self.batch_size = options.batch_size or max(min(LARGEST_BATCH, n_items // 2), 2)
        self.sizes = batch_sizes(n_items, self.batch_size, drop_short=True)
        self.steps_per_epoch = len(self.sizes)
        self.n_epochs, self.n_steps = training_length(options.steps, self.steps_per_epoch)
        drawn = torch.randperm(n_items, generator=generator(seed, 0, *b"watched"))[:WATCHED_ITEMS]
        self.watched = views.items[np.sort(drawn.numpy())]
        self.margins_at_start: list[float] = []

    @torch.no_grad()
    def start(self) -> None:
        """First codewords, by k-means on the fused latents of the untrained encoders or as the config
        says; and how far apart they are."""
        books = self.model.quantizer.books
        if self.options.initialization == "uniform":
            random = generator(self.seed, 0, *b"books")
            for book in books:
                book.copy_(torch.rand(book.shape, generator=random))
        elif self.options.initialization == "kmeans":
            n_points = max(POINTS_PER_CODEWORD * self.options.codebook_size, self.batch_size)
            items = np.concatenate(list(self.batches(epoch=1)))[:n_points]
            latent, _ = self.model.encode(self.views.batch(items, self.where))
            self.model.quantizer.initialize(latent, self.seed)
        self.margins_at_start = self.margins(self.hard_codes()[1], step=0)
        first = self.margins_at_start[0]
        log.info("(second - best distance) / alpha at the start, median by level: %s", self.margins_at_start)
        if self.options.search == "soft" and first > WIDEST_MARGIN:
            log.warning("the codewords lie %.0f alpha apart: the search starts hard; set distance: mean", first)
        if self.options.search == "soft" and first < NARROWEST_MARGIN:
            log.warning("the codewords lie %.2g alpha apart: the assignment starts near uniform", first)

    def batches(self, epoch: int) -> Iterator[Items]:
        """The items in the order of (seed, epoch), a batch at a time."""
        order = torch.randperm(len(self.views.items), generator=generator(self.seed, epoch, *b"order")).numpy()
        ends = np.cumsum(self.sizes)
        for start, end in zip(ends - self.sizes, ends, strict=True):
            yield self.views.items[order[start:end]]

    def backward(self, batch: Items, progress: Progress) -> Losses:
        """SimCIT's losses of these items [batch]."""
        views, noise = self.views.batch(batch, self.where), self.noise(len(batch), "noise", progress.step)
        losses = self.model.losses(views, self.temperature(progress.step), noise)
        torch.autograd.backward(losses["loss"])
        return Losses(losses)

    @torch.no_grad()
    def row(self, progress: Progress, losses: dict[str, float]) -> dict[str, Any]:
        """Step, losses, and the codes of the watched items as of now."""
        alpha = self.temperature(progress.step)
        codes, latent = self.hard_codes()
        columns = codes.cpu().numpy().T  # (n_levels, n_watched)
        row: dict[str, Any] = {"step": progress.step, "epoch": progress.epoch + 1, **losses}
        row |= {f"perplexity_{level}": perplexity(np.bincount(column)) for level, column in enumerate(columns, start=1)}
        row["collision_rate"] = collision_rate(columns.T)
        if self.options.search != "soft":
            return row
        # Soft residuals lead to other codes than hard ones do, and noise to others again.
        row["agreement"] = float((self.model.quantizer.soft(latent, alpha).codes == codes).float().mean())
        noise = self.noise(len(latent), "watched noise", progress.step)
        if noise is not None:
            noisy = self.model.quantizer.soft(latent, alpha, noise).codes
            row["agreement_with_noise"] = float((noisy == codes).float().mean())
        margins = self.margins(latent, progress.step)
        row |= {"gumbel_temperature": alpha} | {f"gap_{level}": margin for level, margin in enumerate(margins, start=1)}
        return row

    @torch.no_grad()
    def code_all(self) -> tuple[Codes, npt.NDArray[np.float32]]:
        """The codes of every item by the hard search, int32 [n_items, n_levels], and r_{L-1} [n_items, latent_dim].

        The second is empty unless collisions are to be repaired, since it is as large as a view.
        An item without any view is coded as the mean latent of the others, the vector that says least.
        """
        self.model.eval()
        n_items, n_levels, latent_dim = self.views.n_items, self.options.n_levels, self.options.latent_dim
        codes = np.empty((n_items, n_levels), dtype=np.int32)
        is_repaired = self.options.repair is not None
        last_residuals = np.empty((n_items if is_repaired else 0, latent_dim), dtype=np.float32)

        def assign(items: Items, latent: Tensor) -> None:
            code, residuals = self.model.quantizer.assign(latent)
            codes[items] = code.cpu().numpy()
            if is_repaired:
                last_residuals[items] = residuals[-2].cpu().numpy()

        total = torch.zeros(latent_dim, dtype=torch.float64)
        for start in range(0, len(self.views.items), CODED_AT_ONCE):
            items = self.views.items[start : start + CODED_AT_ONCE]
            latent, _ = self.model.encode(self.views.batch(items, self.where))
            assign(items, latent)
            total += latent.sum(dim=0, dtype=torch.float64).cpu()
        if len(self.views.items) < n_items:
            nothing = np.setdiff1d(np.arange(n_items), self.views.items)
            assign(nothing, (total / len(self.views.items)).float().to(self.where)[None])
        return codes, last_residuals

    def temperature(self, step: int) -> float:
        """alpha of a step."""
        options = self.options
        if options.annealing == "constant":
            return options.start_temperature
        return annealed(step, self.n_steps, options.start_temperature, options.end_temperature, options.annealing_share)

    def noise(self, n_items: int, purpose: str, step: int) -> Tensor | None:
        """g for so many items, drawn by (seed, step), [n_levels, n_items, K]; None for a search without."""
        if self.options.noise == "none" or self.options.search != "soft":
            return None
        shape = (self.options.n_levels, n_items, self.options.codebook_size)
        drawn = gumbel_noise(shape, generator(self.seed, step, *purpose.encode(), where=self.where))
        return drawn * self.temperature(step) if self.options.noise == "annealed" else drawn

    @torch.no_grad()
    def hard_codes(self) -> tuple[Tensor, Tensor]:
        """Codes [n_watched, n_levels] and latents [n_watched, latent_dim] of the watched items."""
        self.model.eval()
        latent, _ = self.model.encode(self.views.batch(self.watched, self.where))
        return self.model.quantizer.assign(latent)[0], latent

    def margins(self, latent: Tensor, step: int) -> list[float]:
        """By level, the median of (second-best - best distance) / alpha."""
        medians: list[float] = (
            self.model.quantizer.margin(latent).median(dim=1).values / self.temperature(step)
        ).tolist()
        return medians
