"""How autoencoders are trained: Adam over shuffled batches, resumable to the same weights (methods.md 2.6)."""

import math
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from semtok.config.tokenizers import AutoencoderTokenizer
from semtok.errors import SemtokError
from semtok.run import devices, processes
from semtok.tokenizers.autoencoder import Autoencoder
from semtok.tokenizers.base import Codes, Task, Tokens
from semtok.tokenizers.epochs import EpochTraining
from semtok.tokenizers.measures import collision_rate, perplexity
from semtok.tokenizers.vectors import Catalogue, read_catalogue

EXPORT_BATCH = 8192
"""Items coded at a time; independent of the training batch."""
ONE_BATCH_BELOW = 128
"""Codebooks smaller than this are fitted to the first batch alone, as CoST says (methods.md 2.4)."""
POINTS_PER_CODEWORD = 10
"""How many latents larger ones are fitted to."""
SELECTION_POINTS = 10
"""Epochs among which the one with the fewest collisions is selected, as many as LETTER's: early ones, whose codes are
still the k-means of an untrained encoder, are none."""
REVIVAL_NOISE = 0.01
"""Noise on the residual that a dead codeword is moved to, as a share of the residuals' root mean square."""


def fit(build: Callable[[int, Any], Autoencoder], task: Task) -> Tokens:
    """Train `build(input_dim, options)` on the catalogue and code every item with the weights that are selected."""
    catalogue = read_catalogue(task.vectors)
    training = Training(build, task.options, catalogue, task.seed)
    training.run(task.checkpoint, task.identity)
    epoch = training.select()
    codes, _ = training.assign()
    facts = {"items_without_vector": catalogue.missing, "epoch": epoch, **devices.describe()}
    is_repaired = task.options.repair and processes.is_main()
    return training.tokens(codes, training.last_residuals() if is_repaired else None, facts)


class Training(EpochTraining):
    """The training of an autoencoder; what is drawn depends on (seed, epoch)."""

    carried = ("unused_epochs", "selected")
    model: Autoencoder
    options: AutoencoderTokenizer

    def __init__(
        self,
        build: Callable[[int, Any], Autoencoder],
        options: AutoencoderTokenizer,
        catalogue: Catalogue,
        seed: int,
    ) -> None:
        super().__init__(lambda: build(catalogue.vectors.shape[1], options), options, torch.optim.AdamW, seed)
        self.catalogue = catalogue
        # A processor takes rows from the file as it needs them, since the file may be larger than memory.
        self.on_device = None if self.where.type == "cpu" else torch.from_numpy(catalogue.vectors).to(self.where)
        self.present = torch.from_numpy(catalogue.present).to(self.where)
        self.unused_epochs = torch.zeros(len(self.model.quantizer.books), options.codebook_size, dtype=torch.int64)
        self.selected: dict[str, Any] = {}
        """The epoch with the fewest collisions so far: `epoch`, `collision_rate`, and `model`, its weights."""

    def train_epoch(self, epoch: int) -> dict[str, float]:
        """One pass over the items that have a vector; the mean of every loss term over the items."""
        self.model.train()
        self.model.start_epoch(self._generator(epoch, 2))
        names: list[str] = []
        # Kept on the device until the end: reading a number every step would wait for it.
        values, sizes = [], []
        for items in self.batches(epoch):
            share = processes.share(len(items))
            own = items[share.rows]
            losses = self.model.losses(self.vectors(own), own, share)
            self.optimizer.zero_grad()
            losses = processes.backward(losses, self.optimizer, share.weight)
            self.optimizer.step()
            names = list(losses)
            values.append(torch.stack(list(losses.values())).detach())
            sizes.append(len(items))
        weighted = np.average(torch.stack(values).cpu().double().numpy(), axis=0, weights=sizes)
        means: dict[str, float] = dict(zip(names, weighted.tolist(), strict=True))
        if not math.isfinite(means["loss"]):
            raise SemtokError(
                f"{type(self.model).__name__}: the loss of epoch {epoch} is {means['loss']} ({means}); "
                f"lower learning_rate (now {self.options.learning_rate}), or check the scale of the encoder's vectors"
            )
        return means

    def vectors(self, items: Tensor) -> Tensor:
        """The vectors of these items, in this order, [n, dim]."""
        if self.on_device is None:
            return torch.from_numpy(self.catalogue.rows(items.numpy()))
        return self.on_device.index_select(0, items)

    def batches(self, epoch: int) -> Iterator[Tensor]:
        """The items that have a vector in the order of (seed, epoch), int64 [batch] at a time.

        A last batch below half the size is dropped where the loss needs negatives, unless it is the only one.
        """
        order = self.present[torch.randperm(len(self.present), generator=self._generator(epoch, 0)).to(self.where)]
        for number, rows in enumerate(torch.split(order, self.options.batch_size)):
            if number and self.model.needs_negatives and len(rows) < self.options.batch_size / 2:
                return
            yield rows

    def assign(self) -> tuple[Codes, list[float]]:
        """The nearest codes of every item, [n_items, n_levels], and the mean norm of the residuals r_0 .. r_L.

        Several processes code in turn, the parts that one would code.
        """
        mine = self._assigned(processes.rank(), processes.count())
        parts = [(code.cpu().numpy(), residuals.norm(dim=2).sum(dim=1).cpu()) for code, residuals in mine]
        codes, norms = [], torch.zeros(self.options.n_levels + 1, dtype=torch.float64)
        for code, norm in processes.collect(parts):
            codes.append(code)
            norms += norm
        of_mean, _ = self._assign(torch.from_numpy(self.catalogue.mean).to(self.where)[None])
        everyone = self.catalogue.spread(np.concatenate(codes), of_mean[0].cpu().numpy())
        return everyone.astype(np.int32), (norms / len(self.present)).tolist()

    def last_residuals(self) -> npt.NDArray[np.float32]:
        """What the levels before the last leave over of every item, r_{L-1}: [n_items, latent_dim]."""
        of_present = [residuals[-2].cpu().numpy() for _, residuals in self._assigned()]
        _, of_mean = self._assign(torch.from_numpy(self.catalogue.mean).to(self.where)[None])
        return self.catalogue.spread(np.concatenate(of_present), of_mean[-2, 0].cpu().numpy())

    def select(self) -> int:
        """Go back to the weights that `selection` names, and say of which epoch they are."""
        if self.options.selection == "last":
            return self.epoch
        self.model.load_state_dict(self.selected["model"])
        return int(self.selected["epoch"])

    def _assigned(self, first: int = 0, step: int = 1) -> Iterator[tuple[Tensor, Tensor]]:
        """Codes and residuals of the items that have a vector, a part of them at a time, or every `step`-th part."""
        for items in torch.split(self.present, EXPORT_BATCH)[first::step]:
            yield self._assign(self.vectors(items))

    @torch.no_grad()
    def _assign(self, x: Tensor) -> tuple[Tensor, Tensor]:
        self.model.eval()
        return self.model.quantizer.assign(self.model.encode(x))

    def _run_epoch(self, epoch: int) -> None:
        self._finish_epoch(epoch, self.train_epoch(epoch))

    def _finish_epoch(self, epoch: int, losses: dict[str, float]) -> None:
        codes, norms = self.assign()
        counts = [np.bincount(column, minlength=self.options.codebook_size) for column in codes.T]
        row: dict[str, Any] = {"epoch": epoch, **losses}
        row |= {f"residual_norm_{level}": norm for level, norm in enumerate(norms)}
        row |= {f"perplexity_{level}": perplexity(count) for level, count in enumerate(counts, start=1)}
        row["collision_rate"] = collision_rate(codes)
        if self.options.selection == "fewest-collisions":
            self._keep_if_fewest(epoch, row["collision_rate"])
        row["moved_codewords"] = self._revive(epoch, np.stack(counts)) if epoch < self.options.epochs else 0
        if row["moved_codewords"]:
            processes.align(self.model)
        self.history.append(row)

    def _keep_if_fewest(self, epoch: int, rate: float) -> None:
        """Of equals the later, which has learned longer."""
        if epoch % max(1, self.options.epochs // SELECTION_POINTS) and epoch < self.options.epochs:
            return
        if not self.selected or rate <= self.selected["collision_rate"]:
            weights = {name: value.detach().clone() for name, value in self.model.state_dict().items()}
            self.selected = {"epoch": epoch, "collision_rate": rate, "model": weights}

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
            _, residuals = quantizer.assign(self.model.encode(self.vectors(self.present[items.to(self.where)])))
            chosen = residuals[levels.to(self.where), torch.arange(len(rows), device=self.where)]
            noise = torch.randn(chosen.shape, generator=generator).to(self.where)
            rows = rows.to(self.where)
            book[rows] = chosen + REVIVAL_NOISE * chosen.square().mean().sqrt() * noise
            for moment in ("exp_avg", "exp_avg_sq"):
                self.optimizer.state[book][moment][rows] = 0
        self.unused_epochs[dead] = 0
        return int(dead.sum())

    @torch.no_grad()
    def _start(self) -> None:
        """k-means on the latents of the untrained encoder, unless the config asks for none (methods.md 2.4)."""
        if self.options.initialization == "normal":
            return
        if self.options.initialization == "kmeans-all":
            batches = iter(torch.split(self.present, EXPORT_BATCH))
        else:
            size, codewords = self.options.batch_size, self.options.codebook_size
            one_batch = codewords < ONE_BATCH_BELOW and codewords <= size
            n_batches = 1 if one_batch else math.ceil(POINTS_PER_CODEWORD * codewords / size)
            batches = islice(self.batches(epoch=1), n_batches)
        latents = torch.cat([self.model.encode(self.vectors(items)) for items in batches])
        self.model.quantizer.initialize(latents, self.seed)
