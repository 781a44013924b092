"""The training loop of every model: encoders, tokenizers and recommenders.

An `Objective` says what the model is, which batches an epoch has, and what one of them teaches. `train` does the rest:
steps and learning rates, the history, the best weights, early stopping, checkpoints, and errors where a loss is no
number. A killed training resumes to the same weights, bit for bit on a CPU in float32: whatever an objective draws
depends on the seed and on the number of the epoch or step alone (`generator`), or comes from torch's own random state,
which a checkpoint holds.
"""

import logging
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from semtok.errors import SemtokError
from semtok.run import checkpoints, devices, distributed
from semtok.run.progress import progress as told
from semtok.schedules import learning_rate

log = logging.getLogger(__name__)

CHECKPOINT_SECONDS = 60.0
"""How much work a kill may cost, beyond the running epoch where it cannot be resumed in the middle."""
STEPS_BETWEEN_CHECKS = 50
"""Losses stay on the device for so many steps, since reading one waits for it."""

State = dict[str, Tensor]
Model = TypeVar("Model", bound=nn.Module)


class Losses(NamedTuple):
    """What a step found before it changed the weights."""

    terms: dict[str, Tensor]
    """Scalars by name; `loss` has to be a finite number."""
    weight: int = 1
    """What the terms count for in the sum over the steps: the items of the batch, where they are means over it."""
    divisor: int = 1
    """What the step adds to the number by which that sum is divided in the history."""


@dataclass(frozen=True)
class Plan:
    """How long a training lasts and how fast it learns."""

    epochs: int
    """The last of them ends where `steps` do."""
    learning_rate: float
    schedule: Literal["constant", "cosine"] = "constant"
    warmup: float = 0.0
    """Share of the steps in which the rate rises."""
    patience: int = 0
    """Scores in a row that are no better than the best, after which training ends; 0: it does not."""
    steps_per_row: int | None = None
    """Steps between two rows of the history, the last step having one too; None: one row per epoch."""
    steps: int | None = None
    """Steps in all, which end within the last epoch; None: that epoch is whole."""


@dataclass
class Progress:
    """Where a training stands; all of it is checkpointed."""

    epoch: int = 0
    """Whole epochs done."""
    epoch_step: int = 0
    """Steps done in the current epoch."""
    step: int = 0
    """Steps done in all."""
    learning_rate: float = 0.0
    """That of the last step."""
    names: list[str] = field(default_factory=list)
    """Those of the losses."""
    sums: Tensor | None = None
    """Weighted losses since the last row of the history, [n_names], in the precision of the objective."""
    divisor: int = 0
    """By what they are divided."""
    history: list[dict[str, Any]] = field(default_factory=list)
    best: State | None = None
    """The weights of the best score; None where nothing was scored."""
    best_score: tuple[float, ...] = ()
    best_epoch: int = 0
    waited: int = 0
    """Scores since the best one."""


class Objective(Protocol):
    """What is trained and how; a class that is trained inherits from this one and says what is its own."""

    name: str
    """For messages."""
    remedy: str
    """What to do where the loss is no number."""
    model: nn.Module
    optimizer: torch.optim.Optimizer
    steps_per_epoch: int | None = None
    """None where it is known at the end only; then the learning rate has to be constant."""
    resumes_within_epochs: ClassVar[bool] = False
    """Whether the batches of an epoch and what they teach depend on no draw from the ones before."""
    checkpointed: ClassVar[tuple[str, ...]] = ()
    """What else a checkpoint holds: names of attributes."""
    precision: ClassVar[torch.dtype] = torch.float64
    """In which the losses are summed for the history."""

    def start(self) -> None:
        """What comes before the first epoch, and not again when a training is resumed."""
        return None

    def batches(self, epoch: int) -> Iterable[Any]:
        """The batches of an epoch, which counts from 1; and what comes before an epoch."""
        ...

    def backward(self, batch: Any, progress: Progress) -> Losses:
        """Add the gradient of the batch's loss to the weights, whose gradients are zero."""
        ...

    def row(self, progress: Progress, losses: dict[str, float]) -> dict[str, Any]:
        """The next row of the history, from the mean losses since the last one; validation, where there is any.

        A row per epoch finds that epoch among those that `progress` has done; one in the middle of it does not.
        """
        ...

    def score(self, row: dict[str, Any]) -> tuple[float, ...] | None:
        """How good the weights are that the row describes, the larger the better; None: they are no candidates."""
        return None

    def end_epoch(self, epoch: int) -> dict[str, Any]:
        """What comes after an epoch's row, once the best weights are kept; more columns of that row."""
        return {}


def train(objective: Objective, plan: Plan, checkpoint: Path | None = None, identity: str = "") -> Progress:
    """Train until the epochs are done or the patience is over; leaves the model with the best weights, or the last.

    Resumes from `checkpoint` if that belongs to `identity`; who has written the result deletes it. Raises SemtokError
    where the loss or a weight is not a finite number.
    """
    model, optimizer = objective.model, objective.optimizer
    progress = _resume(objective, checkpoint, identity)
    if progress is None:
        progress = Progress()
        objective.start()
    saved_at, interval = time.monotonic(), checkpoints.interval(CHECKPOINT_SECONDS)
    n_steps = plan.steps or plan.epochs * (objective.steps_per_epoch or 0)
    pending: list[Losses] = []

    def is_over() -> bool:
        return progress.epoch >= plan.epochs or (0 < plan.patience <= progress.waited)

    def write_row() -> None:
        _add_up(progress, pending, objective)
        sums = [] if progress.sums is None else progress.sums.tolist()
        losses = {name: total / progress.divisor for name, total in zip(progress.names, sums, strict=True)}
        progress.sums, progress.divisor = None, 0
        progress.history.append(objective.row(progress, losses))
        model.train()

    def save_if_due(now: bool = False) -> None:
        nonlocal saved_at
        if now or time.monotonic() - saved_at >= interval:
            _add_up(progress, pending, objective)
            _save(objective, progress, checkpoint, identity)
            saved_at = time.monotonic()

    hidden = not distributed.is_main()
    bar = told(objective.name, total=n_steps or None, initial=progress.step, unit=" steps", disable=hidden)
    while not is_over():
        epoch = progress.epoch + 1
        bar.set_description(f"{objective.name}, epoch {epoch} of {plan.epochs}", refresh=False)
        model.train()
        last = plan.steps and plan.steps - (progress.step - progress.epoch_step)
        for batch in islice(objective.batches(epoch), progress.epoch_step, last):
            progress.learning_rate = learning_rate(
                plan.learning_rate, progress.step, n_steps, plan.schedule, plan.warmup
            )
            for group in optimizer.param_groups:
                group["lr"] = progress.learning_rate
            optimizer.zero_grad()
            pending.append(objective.backward(batch, progress))
            optimizer.step()
            progress.step, progress.epoch_step = progress.step + 1, progress.epoch_step + 1
            bar.update()
            if len(pending) == STEPS_BETWEEN_CHECKS:
                _add_up(progress, pending, objective)
            if plan.steps_per_row and (progress.step % plan.steps_per_row == 0 or progress.step == n_steps):
                write_row()
            if objective.resumes_within_epochs:
                save_if_due()
        _add_up(progress, pending, objective)
        progress.epoch, progress.epoch_step = epoch, 0
        if not plan.steps_per_row:
            write_row()
            _keep_if_best(progress, objective)
            progress.history[-1] |= objective.end_epoch(epoch)
        # The last epoch's in any case, so that what comes after it may fail without a loss.
        save_if_due(now=is_over())
    bar.close()
    if progress.best is not None:
        model.load_state_dict(progress.best)
    # A last step may spoil them behind a loss that was finite.
    if broken := [name for name, weight in model.state_dict().items() if not torch.isfinite(weight).all()]:
        raise SemtokError(
            f"{objective.name}: found weights that are not finite numbers ({broken[0]}, and {len(broken) - 1} others); "
            f"{objective.remedy}"
        )
    return progress


def seeded_model(make: Callable[[], Model], seed: int) -> Model:
    """A model on the device, its initial weights those of the seed; torch's random state is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make().to(devices.device())


def generator(seed: int, *numbers: int, where: torch.device | None = None) -> torch.Generator:
    """Random numbers of the seed and of `numbers`: an epoch or step, and what they are for."""
    state = np.random.SeedSequence((seed, *numbers)).generate_state(1)
    return torch.Generator(where or "cpu").manual_seed(int(state[0]))


def weights_of(model: nn.Module) -> State:
    """A copy of the weights, on the processor."""
    return {name: weight.detach().cpu().clone() for name, weight in model.state_dict().items()}


def _add_up(progress: Progress, pending: list[Losses], objective: Objective) -> None:
    """Add the losses of the last steps, one by one, so that the sum does not depend on when they are looked at."""
    if not pending:
        return
    progress.names = list(pending[0].terms)
    values = torch.stack([torch.stack(list(losses.terms.values())).detach() for losses in pending])
    values = values.cpu().to(objective.precision)  # (steps, n_names)
    if progress.sums is None:
        progress.sums = torch.zeros_like(values[0])
    for step, (row, losses) in enumerate(zip(values, pending, strict=True), progress.epoch_step - len(pending) + 1):
        loss = float(row[progress.names.index("loss")])
        if not math.isfinite(loss):
            raise SemtokError(
                f"{objective.name}: the loss is {loss} in epoch {progress.epoch + 1}, step {step}; {objective.remedy}"
            )
        progress.sums += row * losses.weight
        progress.divisor += losses.divisor
    pending.clear()


def _keep_if_best(progress: Progress, objective: Objective) -> None:
    score = objective.score(progress.history[-1])
    if score is None:
        return
    progress.waited += 1
    if progress.best is None or score > progress.best_score:
        progress.best, progress.best_score = weights_of(objective.model), score
        progress.best_epoch, progress.waited = progress.epoch, 0


def _save(objective: Objective, progress: Progress, checkpoint: Path | None, identity: str) -> None:
    if checkpoint is None or not distributed.is_main():
        return
    state = {
        "model": objective.model.state_dict(),
        "optimizer": objective.optimizer.state_dict(),
        "progress": dict(vars(progress)),
        "objective": {name: getattr(objective, name) for name in objective.checkpointed},
    }
    checkpoints.save(checkpoint, identity, state)


def _resume(objective: Objective, checkpoint: Path | None, identity: str) -> Progress | None:
    """Where the checkpoint's training stands, after its weights and state are restored; None without a usable one."""
    state = None if checkpoint is None else checkpoints.load(checkpoint, identity)
    if state is None:
        return None
    objective.model.load_state_dict(state["model"])
    objective.optimizer.load_state_dict(state["optimizer"])
    for name, value in state["objective"].items():
        setattr(objective, name, value)
    progress = Progress(**state["progress"])
    log.info("%s: resuming after epoch %d, step %d", objective.name, progress.epoch, progress.epoch_step)
    return progress
