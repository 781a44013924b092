"""How recommenders are trained: random batches of samples, in several processes where there are several GPUs; the best
weights by Recall@10 on the validation targets."""

import logging
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from semtok.config.recommender_options import TrainingOptions
from semtok.optimizers import Adafactor, AdamW
from semtok.recommenders.sequences import Integers
from semtok.run import distributed
from semtok.training import Losses, Objective, Plan, Progress, State, train, weights_of

log = logging.getLogger(__name__)


class TrainingSamples(ABC):
    """What a model learns from: numbered samples, and the loss of some of them."""

    def start(self, epoch: int) -> None:  # noqa: B027, since most samples are the same in every epoch
        """Draw what differs between the epochs, which count from 1."""

    @abstractmethod
    def __len__(self) -> int:
        """How many samples there are."""

    @abstractmethod
    def predictions(self, rows: Integers) -> int:
        """How many predictions the samples `rows` ask for."""

    @abstractmethod
    def backward(self, rows: Integers, n_predictions: int) -> Tensor:
        """Add the gradient of the summed losses of `rows` / `n_predictions`; returns the sum of the losses [].

        `n_predictions` are those of the whole batch, of which `rows` may be a process's share. The samples may go
        through the model in groups whose gradients add up: the step does not depend on them.
        """


@dataclass(frozen=True)
class Validation:
    """How the best checkpoint is told."""

    measure: Callable[[], tuple[float, float]]
    """Recall@10, which chooses, and NDCG@10, which decides among equals, of the model as it is."""


class Trainer(Objective):
    """Trains one model on one set of samples; `run` returns the weights that validated best."""

    name = "training"
    resumes_within_epochs = True

    def __init__(
        self,
        model: nn.Module,
        options: TrainingOptions,
        samples: TrainingSamples,
        validation: Validation | None,
        seed: int,
        checkpoint_path: str | Path,
        identity: str,
    ) -> None:
        self.model, self.options, self.samples, self.validation, self.seed = model, options, samples, validation, seed
        self.checkpoint, self.identity = Path(checkpoint_path), identity
        self.remedy = f"lower training.learning_rate ({options.learning_rate})"
        self.optimizer = make_optimizer(model, options)
        samples_per_epoch = min(options.samples_per_epoch or len(samples), len(samples))
        self.steps_per_epoch: int = math.ceil(samples_per_epoch / options.batch_size)

    def run(self) -> tuple[State, pd.DataFrame]:
        """Train to the end of the schedule or until patience is over; the history has one row per epoch."""
        options = self.options
        distributed.align(self.model)
        plan = Plan(options.epochs, options.learning_rate, options.schedule, options.warmup, options.patience)
        progress = train(self, plan, self.checkpoint, self.identity)
        return weights_of(self.model), pd.DataFrame(progress.history).astype({"recall@10": float, "ndcg@10": float})

    def batches(self, epoch: int) -> Iterator[Integers]:
        """The samples of an epoch in order, a batch at a time."""
        self.samples.start(epoch)
        order = epoch_order(len(self.samples), self.options.samples_per_epoch, self.seed, epoch - 1)
        for start in range(0, len(order), self.options.batch_size):
            yield order[start : start + self.options.batch_size]

    def backward(self, batch: Integers, progress: Progress) -> Losses:
        """The mean loss over the predictions of the samples `batch`.

        Several processes take a share of it each. The mean is over the predictions of all, not of the processes' means.
        """
        distributed.reseed(self.seed, progress.epoch, progress.epoch_step)
        own, n_copies = distributed.share(len(batch))
        n_predictions = self.samples.predictions(batch)
        loss = self.samples.backward(batch[own], n_predictions * n_copies)
        loss = distributed.add_up(self.optimizer, loss / n_copies)
        return Losses({"loss": loss}, divisor=n_predictions)

    def row(self, progress: Progress, losses: dict[str, float]) -> dict[str, Any]:
        """The mean loss of a prediction, and recall and NDCG if it is time to validate."""
        options, epoch = self.options, progress.epoch
        is_due = epoch % options.validation_every == 0 or epoch == options.epochs
        recall = ndcg = None
        if self.validation is not None and is_due:
            recall, ndcg = distributed.from_main(self.validation.measure)
        loss = losses["loss"]
        validated = "" if recall is None else f", recall@10 {recall:.4f}, ndcg@10 {ndcg:.4f}"
        log.info("epoch %d/%d: loss %.4f%s", epoch, options.epochs, loss, validated)
        return {
            "epoch": epoch,
            "steps": progress.step,
            "loss": loss,
            "learning_rate": progress.learning_rate,
            "recall@10": recall,
            "ndcg@10": ndcg,
        }

    def score(self, row: dict[str, Any]) -> tuple[float, ...] | None:
        """Recall@10, by which all rows of a table are chosen; of equals NDCG@10 decides, then the earlier is kept."""
        return None if row["recall@10"] is None else (row["recall@10"], row["ndcg@10"])


def epoch_order(n_samples: int, samples_per_epoch: int | None, seed: int, epoch: int) -> Integers:
    """The samples of an epoch in order: a permutation by seed and epoch alone, cut to `samples_per_epoch`."""
    return np.random.default_rng([seed, epoch]).permutation(n_samples)[:samples_per_epoch]


def make_optimizer(model: nn.Module, options: TrainingOptions) -> torch.optim.Optimizer:
    """AdamW (Adam, without decay) or Adafactor of what is not frozen; biases and the scales of norms are not decayed.

    Adafactor (Shazeer & Stern, ICML 2018) takes steps in proportion to a tensor's root mean square, and its rate is at
    most step^-0.5: with a constant 0.01 that is TIGER's schedule, 10,000 steps and then the inverse square root.
    T5's embeddings start eleven times as large as its maps, and AdamW turns them as much more slowly.
    """
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    matrices = [parameter for parameter in learned if parameter.ndim > 1]
    scales = [parameter for parameter in learned if parameter.ndim == 1]
    groups = [{"params": matrices, "weight_decay": options.weight_decay}, {"params": scales, "weight_decay": 0.0}]
    if options.optimizer == "adafactor":
        return Adafactor(groups, lr=options.learning_rate)
    return AdamW(groups, lr=options.learning_rate, fused=True)


def recall_and_ndcg(ranks: np.ndarray[Any, np.dtype[np.int64]], k: int) -> tuple[float, float]:
    """Recall@k and NDCG@k of one target a list, from ranks that count from 1 (0: not found)."""
    found = (ranks >= 1) & (ranks <= k)
    return float(found.mean()), float((found / np.log2(np.maximum(ranks, 1) + 1)).mean())
