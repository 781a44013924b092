"""What the trainings of autoencoders (RQ-VAE, CoST, LETTER) share: batches, k-means for the first codewords, dead
codewords, the history, and the codes at the end (docs/methods.md, "Training of autoencoders")."""

import math
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from semtok.config.autoencoders import AutoencoderTokenizer
from semtok.optimizers import AdamW
from semtok.run import devices
from semtok.tokenizers.autoencoder import Autoencoder
from semtok.tokenizers.base import Codes, TokenizerTask, Tokens, batch_sizes, training_length
from semtok.tokenizers.measures import collision_rate, perplexity
from semtok.tokenizers.repair import repaired
from semtok.tokenizers.vectors import Catalogue, read_catalogue
from semtok.training import Losses, Objective, Plan, Progress, generator, seeded_model, train, weights_of

EXPORT_BATCH = 8192
"""Items coded at a time; independent of the training batch."""
ONE_BATCH_BELOW = 128
"""Codebooks smaller than this are fitted to the first batch alone, as CoST says (section 3.1.1)."""
POINTS_PER_CODEWORD = 10
"""How many latents larger ones are fitted to."""
SELECTION_POINTS = 10
"""Epochs among which the one with the fewest collisions is selected, as many as LETTER's: early ones, whose codes are
still the k-means of an untrained encoder, are none."""
REVIVAL_NOISE = 0.01
"""Noise on the residual that a dead codeword is moved to, as a share of the residuals' root mean square."""


def fit(make: Callable[[int, Any], Autoencoder], task: TokenizerTask) -> Tokens:
    """Train `make(input_dim, options)` on the catalogue and code every item with the weights that are selected."""
    catalogue, options = read_catalogue(task.vectors), task.options
    training = AutoencoderTraining(make, options, catalogue, task.seed)
    plan = Plan(training.n_epochs, options.learning_rate, steps=training.n_steps)
    progress = train(training, plan, task.checkpoint, task.identity)
    codes, _ = training.assign()
    weights = {name: weight.numpy() for name, weight in weights_of(training.model).items()}
    epoch = progress.best_epoch or progress.epoch
    facts = {
        "items_without_vector": catalogue.missing,
        "epoch": epoch,
        "steps": training.n_steps,
        **devices.hardware(),
    }
    tokens = Tokens(codes, weights, progress.history, facts)
    if options.repair is None:
        return tokens
    return repaired(tokens, training.last_residuals(), training.model.quantizer.last_book(), options.repair)


class AutoencoderTraining(Objective):
    """The training of an autoencoder on the items that have a vector; what is drawn depends on (seed, epoch)."""

    checkpointed = ("unused_epochs",)
    model: Autoencoder

    def __init__(
        self, make: Callable[[int, Any], Autoencoder], options: AutoencoderTokenizer, catalogue: Catalogue, seed: int
    ) -> None:
        self.options, self.catalogue, self.seed, self.where = options, catalogue, seed, devices.device()
        self.model = seeded_model(lambda: make(catalogue.vectors.shape[1], options), seed)
        self.model.compute_dtype = devices.compute_dtype(self.where)
        self.name = type(self.model).__name__
        self.remedy = f"lower learning_rate (now {options.learning_rate}), or check the scale of the encoders' vectors"
        self.optimizer = AdamW(
            self.model.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay, fused=True
        )
        # A processor takes rows from the file as it needs them, since the file may be larger than memory.
        self.on_device = None if self.where.type == "cpu" else torch.from_numpy(catalogue.vectors).to(self.where)
        self.present = torch.from_numpy(catalogue.present).to(self.where)
        self.sizes = batch_sizes(len(self.present), options.batch_size, drop_short=self.model.needs_negatives)
        self.steps_per_epoch = len(self.sizes)
        self.n_epochs, self.n_steps = training_length(options.steps, self.steps_per_epoch)
        self.unused_epochs = torch.zeros(len(self.model.quantizer.books), options.codebook_size, dtype=torch.int64)
        self.counts = np.zeros((options.n_levels, options.codebook_size), dtype=np.int64)
        """How many items have each code, as of the last row of the history."""

    @torch.no_grad()
    def start(self) -> None:
        """k-means on the latents of the untrained encoder, unless the config asks for none (CoST, 3.1.1)."""
        if self.options.initialization == "normal":
            return
        if self.options.initialization == "kmeans-all":
            batches = iter(torch.split(self.present, EXPORT_BATCH))
        else:
            size, codewords = self.options.batch_size, self.options.codebook_size
            one_batch = codewords < ONE_BATCH_BELOW and codewords <= size
            n_batches = 1 if one_batch else math.ceil(POINTS_PER_CODEWORD * codewords / size)
            batches = islice(self.shuffled(epoch=1), n_batches)
        latents = torch.cat([self.model.encode(self.vectors(items)) for items in batches])
        self.model.quantizer.initialize(latents, self.seed)

    def batches(self, epoch: int) -> Iterator[Tensor]:
        """Let the method prepare the epoch; then the shuffled items, int64 [batch] at a time."""
        self.model.start_epoch(generator(self.seed, epoch, 2))
        yield from self.shuffled(epoch)

    def shuffled(self, epoch: int) -> Iterator[Tensor]:
        """The items that have a vector in the order of (seed, epoch), int64 [batch] at a time."""
        order = torch.randperm(len(self.present), generator=generator(self.seed, epoch, 0)).to(self.where)
        yield from torch.split(self.present[order][: sum(self.sizes)], self.sizes)

    def backward(self, batch: Tensor, progress: Progress) -> Losses:
        """The method's losses of these items [batch], means over them."""
        losses = self.model.losses(self.vectors(batch), batch)
        torch.autograd.backward(losses["loss"])
        return Losses(losses, weight=len(batch), divisor=len(batch))

    def row(self, progress: Progress, losses: dict[str, float]) -> dict[str, Any]:
        """The losses of an epoch, the norm of what each level leaves over, and how the codes are used."""
        codes, norms = self.assign()
        self.counts = np.stack([np.bincount(column, minlength=self.options.codebook_size) for column in codes.T])
        row: dict[str, Any] = {"epoch": progress.epoch, "step": progress.step, **losses}
        row |= {f"residual_norm_{level}": norm for level, norm in enumerate(norms)}
        row |= {f"perplexity_{level}": perplexity(count) for level, count in enumerate(self.counts, start=1)}
        return row | {"collision_rate": collision_rate(codes)}

    def score(self, row: dict[str, Any]) -> tuple[float, ...] | None:
        """The fewer collisions the better, and of equals the later, which has learned longer."""
        epoch = row["epoch"]
        is_candidate = epoch % max(1, self.n_epochs // SELECTION_POINTS) == 0 or epoch == self.n_epochs
        if self.options.selection == "last" or not is_candidate:
            return None
        return -row["collision_rate"], epoch

    @torch.no_grad()
    def end_epoch(self, epoch: int) -> dict[str, Any]:
        """Move codewords that no item has used for `dead_code_epochs` to random residuals of their level.

        A shared book takes the residuals of random levels.
        """
        if not self.options.dead_code_epochs or epoch == self.n_epochs:
            return {"moved_codewords": 0}
        quantizer = self.model.quantizer
        n_books, n_levels = len(quantizer.books), quantizer.n_levels
        used = torch.from_numpy(self.counts if n_books > 1 else self.counts.sum(axis=0, keepdims=True)) > 0
        self.unused_epochs = torch.where(used, 0, self.unused_epochs + 1)  # (n_books, K)
        dead = self.unused_epochs >= self.options.dead_code_epochs
        random = generator(self.seed, epoch, 1)
        for number, book in enumerate(quantizer.books):
            rows = dead[number].nonzero()[:, 0]
            if not len(rows):
                continue
            items = torch.randint(len(self.present), (len(rows),), generator=random)
            levels = torch.full_like(items, number)
            if n_books == 1:
                levels = torch.randint(n_levels, (len(rows),), generator=random)
            x = self.vectors(self.present[items.to(self.where)])  # (n_dead, input_dim)
            _, residuals = quantizer.assign(self.model.encode(x))  # (n_levels + 1, n_dead, latent_dim)
            # (n_dead, latent_dim)
            chosen = residuals[levels.to(self.where), torch.arange(len(rows), device=self.where)]
            noise = torch.randn(chosen.shape, generator=random).to(self.where)
            rows = rows.to(self.where)
            book[rows] = chosen + REVIVAL_NOISE * chosen.square().mean().sqrt() * noise
            for moment in ("exp_avg", "exp_avg_sq"):
                self.optimizer.state[book][moment][rows] = 0
        self.unused_epochs[dead] = 0
        return {"moved_codewords": int(dead.sum())}

    def vectors(self, items: Tensor) -> Tensor:
        """The vectors of these items, in this order, [n, input_dim]."""
        if self.on_device is None:
            return torch.from_numpy(self.catalogue.rows(items.numpy()))
        return self.on_device.index_select(0, items)

    def assign(self) -> tuple[Codes, list[float]]:
        """The nearest codes of every item, [n_items, n_levels], and the mean norm of the residuals r_0 .. r_L."""
        codes, norms = [], torch.zeros(self.options.n_levels + 1, dtype=torch.float64)
        for code, residuals in self._assigned():
            codes.append(code.cpu().numpy())
            norms += residuals.norm(dim=2).sum(dim=1).cpu()
        of_mean, _ = self._assign(torch.from_numpy(self.catalogue.mean).to(self.where)[None])
        everyone = self.catalogue.spread(np.concatenate(codes), of_mean[0].cpu().numpy())
        return everyone.astype(np.int32), (norms / len(self.present)).tolist()

    def last_residuals(self) -> npt.NDArray[np.float32]:
        """What the levels before the last leave over of every item, r_{L-1}: [n_items, latent_dim]."""
        of_present = [residuals[-2].cpu().numpy() for _, residuals in self._assigned()]
        _, of_mean = self._assign(torch.from_numpy(self.catalogue.mean).to(self.where)[None])
        return self.catalogue.spread(np.concatenate(of_present), of_mean[-2, 0].cpu().numpy())

    def _assigned(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Codes and residuals of the items that have a vector, a part of them at a time."""
        for items in torch.split(self.present, EXPORT_BATCH):
            yield self._assign(self.vectors(items))

    @torch.no_grad()
    def _assign(self, x: Tensor) -> tuple[Tensor, Tensor]:
        self.model.eval()
        return self.model.quantizer.assign(self.model.encode(x))
