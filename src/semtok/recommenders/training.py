"""The training loop: random batches, early stopping on validation, resuming after a kill to the same weights."""

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from tqdm import tqdm

from semtok.config.recommenders import TrainingOptions
from semtok.errors import SemtokError
from semtok.recommenders.sequences import Integers
from semtok.run import checkpoints, processes
from semtok.schedules import learning_rate

log = logging.getLogger(__name__)

State = dict[str, Tensor]
STEPS_BETWEEN_CHECKS = 50


class Objective(Protocol):
    """What a model learns from: numbered samples, and the loss of some of them."""

    def __len__(self) -> int:
        """How many samples there are."""

    def predictions(self, rows: Integers) -> int:
        """How many predictions the samples `rows` ask for."""

    def backward(self, rows: Integers, n_predictions: int) -> Tensor:
        """Add the gradient of the summed losses of `rows` / `n_predictions`; returns the sum of the losses [].

        `n_predictions` are those of the whole batch, of which `rows` may be a process's share. The samples may go
        through the model in groups whose gradients add up: the step does not depend on them.
        """


@dataclass(frozen=True)
class Validation:
    """How the best checkpoint is told."""

    measure: Callable[[], tuple[float, float]]
    """Recall@10 and NDCG@10 of the model as it is, on the validation targets."""
    chosen_by: Literal["recall@10", "ndcg@10"]


@dataclass
class Progress:
    """Where training stands; all of it goes into the checkpoint."""

    epoch: int = 0
    """Whole epochs done."""
    step: int = 0
    """Steps done in the current epoch."""
    loss: float = 0.0
    """Sum over the predictions of the current epoch."""
    best_score: float = -1.0
    waited: int = 0
    """Validations since the best one."""
    history: list[dict[str, float | int | None]] = field(default_factory=list)


def epoch_order(n_samples: int, samples_per_epoch: int | None, seed: int, epoch: int) -> Integers:
    """The samples of an epoch in order: a permutation by seed and epoch alone, cut to `samples_per_epoch`."""
    return np.random.default_rng([seed, epoch]).permutation(n_samples)[:samples_per_epoch]


def make_optimizer(model: nn.Module, options: TrainingOptions) -> torch.optim.Optimizer:
    """AdamW (Adam, without decay) or Adafactor; biases and the scales of norms are not decayed.

    Adafactor (Shazeer & Stern, ICML 2018) takes steps in proportion to a tensor's root mean square, and its rate is at
    most step^-0.5: with a constant 0.01 that is TIGER's schedule, 10,000 steps and then the inverse square root
    (methods.md 4.1). T5's embeddings start eleven times as large as its maps, and AdamW turns them as much more slowly.
    """
    matrices = [parameter for parameter in model.parameters() if parameter.ndim > 1]
    scales = [parameter for parameter in model.parameters() if parameter.ndim == 1]
    groups = [{"params": matrices, "weight_decay": options.weight_decay}, {"params": scales, "weight_decay": 0.0}]
    if options.optimizer == "adafactor":
        return torch.optim.Adafactor(groups, lr=options.learning_rate)
    return torch.optim.AdamW(groups, lr=options.learning_rate, fused=True)


def train_step(objective: Objective, optimizer: torch.optim.Optimizer, rows: Integers) -> Tensor:
    """One step on the mean loss over the predictions of the samples `rows`; returns the sum of the losses.

    Several processes take a share of `rows` each. The mean is over the predictions of all, not of the processes' means.
    """
    optimizer.zero_grad(set_to_none=True)
    share = processes.share(len(rows))
    loss = objective.backward(rows[share.rows], objective.predictions(rows) * share.copies)
    loss = processes.add_up(optimizer, loss if share.copies == 1 else loss / share.copies)
    optimizer.step()
    return loss


class Trainer:
    """Trains one model on one set of samples; `run` returns the weights that validated best."""

    def __init__(
        self,
        model: nn.Module,
        options: TrainingOptions,
        objective: Objective,
        validation: Validation | None,
        seed: int,
        checkpoint_path: str | Path,
        identity: str,
        seconds_between_checkpoints: float = 300.0,
    ) -> None:
        self.model, self.options, self.objective, self.validation = model, options, objective, validation
        self.seed, self.checkpoint_path, self.identity = seed, checkpoint_path, identity
        self.seconds_between_checkpoints = checkpoints.interval(seconds_between_checkpoints)
        self.optimizer = make_optimizer(model, options)
        self.progress = Progress()
        self.best: State | None = None
        samples_per_epoch = min(options.samples_per_epoch or len(objective), len(objective))
        self.steps_per_epoch = math.ceil(samples_per_epoch / options.batch_size)
        self.saved_at = time.monotonic()

    def run(self) -> tuple[State, pd.DataFrame]:
        """Train to the end of the schedule or until patience is over; a row of the history is an epoch."""
        processes.align(self.model)
        self._resume()
        patience = self.options.patience
        while self.progress.epoch < self.options.epochs and not (patience and self.progress.waited >= patience):
            self._train_epoch()
            self._save()
        best = self.best if self.best is not None else self._weights()
        # A last step may spoil them behind a loss that was finite.
        if broken := [name for name, weight in best.items() if not torch.isfinite(weight).all()]:
            raise SemtokError(
                f"training: found weights that are not finite numbers ({broken[0]}, and {len(broken) - 1} others). "
                f"Lower training.learning_rate ({self.options.learning_rate})"
            )
        return best, pd.DataFrame(self.progress.history).astype({"recall@10": float, "ndcg@10": float})

    def _train_epoch(self) -> None:
        progress, options, started = self.progress, self.options, time.monotonic()
        order = epoch_order(len(self.objective), options.samples_per_epoch, self.seed, progress.epoch)
        first_step, rate = progress.step, 0.0
        losses: list[Tensor] = []
        self.model.train()
        bar = tqdm(
            total=self.steps_per_epoch,
            initial=first_step,
            desc=f"epoch {progress.epoch + 1}",
            disable=None if processes.is_main() else True,
        )
        for step in range(first_step, self.steps_per_epoch):
            rows = order[step * options.batch_size : (step + 1) * options.batch_size]
            rate = self._set_learning_rate(progress.epoch * self.steps_per_epoch + step)
            processes.reseed(self.seed, progress.epoch, step)
            losses.append(train_step(self.objective, self.optimizer, rows))
            progress.step = step + 1
            bar.update()
            is_last = progress.step == self.steps_per_epoch
            is_due = time.monotonic() - self.saved_at >= self.seconds_between_checkpoints
            if is_last or is_due or progress.step % STEPS_BETWEEN_CHECKS == 0:
                self._add(losses)
                losses.clear()
            if is_due and not is_last:
                self._save()
        bar.close()
        seconds = time.monotonic() - started
        self._finish_epoch(progress.loss / self.objective.predictions(order), rate)
        speed = (self.steps_per_epoch - first_step) * options.batch_size / seconds
        row = progress.history[-1]
        log.info(
            "epoch %d/%d: loss %.4f, recall@10 %s, ndcg@10 %s, %.0f samples/s, %.0f s",
            *(row["epoch"], options.epochs, row["loss"], row["recall@10"], row["ndcg@10"], speed, seconds),
        )

    def _set_learning_rate(self, step: int) -> float:
        options = self.options
        n_steps = options.epochs * self.steps_per_epoch
        rate = learning_rate(options.learning_rate, step, n_steps, options.schedule, options.warmup)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        return rate

    def _add(self, losses: list[Tensor]) -> None:
        """Add the losses of the last steps, one by one, so that the sum does not depend on when they are looked at."""
        first_step = self.progress.step - len(losses) + 1
        for step, loss in enumerate(torch.stack(losses).tolist(), first_step):
            if not math.isfinite(loss):
                raise SemtokError(
                    f"training: the loss is {loss} in epoch {self.progress.epoch + 1}, step {step}; expected a finite "
                    f"number. Lower training.learning_rate ({self.options.learning_rate})"
                )
            self.progress.loss += loss

    def _finish_epoch(self, loss: float, rate: float) -> None:
        """Write the history's row, validate if it is time, and turn to the next epoch."""
        progress, options = self.progress, self.options
        progress.epoch, progress.step, progress.loss = progress.epoch + 1, 0, 0.0
        is_due = progress.epoch % options.validation_every == 0 or progress.epoch == options.epochs
        recall = ndcg = None
        if self.validation is not None and is_due:
            recall, ndcg = processes.from_main(self.validation.measure)
            score = recall if self.validation.chosen_by == "recall@10" else ndcg
            progress.waited += 1
            if score > progress.best_score:
                progress.best_score, progress.waited, self.best = score, 0, self._weights()
        progress.history.append(
            {
                "epoch": progress.epoch,
                "steps": progress.epoch * self.steps_per_epoch,
                "loss": loss,
                "learning_rate": rate,
                "recall@10": recall,
                "ndcg@10": ndcg,
            }
        )

    def _weights(self) -> State:
        return {name: weight.detach().cpu().clone() for name, weight in self.model.state_dict().items()}

    def _save(self) -> None:
        if processes.is_main():
            state = {
                "model": self.model.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "best": self.best,
                "progress": dict(vars(self.progress)),
            }
            checkpoints.save(self.checkpoint_path, self.identity, state)
        self.saved_at = time.monotonic()

    def _resume(self) -> None:
        state: dict[str, Any] | None = checkpoints.load(self.checkpoint_path, self.identity)
        if state is None:
            return
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.best, self.progress = state["best"], Progress(**state["progress"])
        log.info("resuming from epoch %d, step %d", self.progress.epoch + 1, self.progress.step)


def recall_and_ndcg(ranks: np.ndarray[Any, np.dtype[np.int64]], k: int) -> tuple[float, float]:
    """Recall@k and NDCG@k of one target a list, from ranks that count from 1 (0: not found)."""
    found = (ranks >= 1) & (ranks <= k)
    return float(found.mean()), float((found / np.log2(np.maximum(ranks, 1) + 1)).mean())
