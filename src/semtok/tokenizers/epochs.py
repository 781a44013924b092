"""What trainings of tokenizers share: epochs that go on after a kill to the same weights, and their results."""

import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from tqdm import trange

from semtok.run import checkpoints, devices, processes
from semtok.tokenizers.base import Codes, Tokens
from semtok.tokenizers.repair import repair

log = logging.getLogger(__name__)

CHECKPOINT_SECONDS = 30.0
"""How much work a kill may cost, beyond the running epoch."""


class EpochTraining(ABC):
    """The state of a training: model, optimiser, finished epochs and their history.

    Whatever is drawn depends on the seed and the number of the epoch or step alone, so that nothing random has to be
    carried over a kill.
    """

    carried: ClassVar[tuple[str, ...]]
    """What else a checkpoint holds: names of attributes."""
    model: Any
    options: Any

    def __init__(
        self, build: Callable[[], Any], options: Any, optimizer: Callable[..., torch.optim.Optimizer], seed: int
    ) -> None:
        self.options = options
        self.seed = seed
        self.where = devices.device()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.model = build().to(self.where)
        self.model.compute_dtype = devices.compute_dtype(self.where)
        self.optimizer = optimizer(
            self.model.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay, fused=True
        )
        self.epoch = 0
        self.history: list[dict[str, Any]] = []

    def run(self, checkpoint: Path | None = None, identity: str = "") -> None:
        """Train until `epochs` are done, from the checkpoint if there is one."""
        if checkpoint is None or not self._restore(checkpoint, identity):
            self._start()
        processes.align(self.model)
        saved, interval = time.monotonic(), checkpoints.interval(CHECKPOINT_SECONDS)
        name = type(self.model).__name__
        is_hidden = None if processes.is_main() else True
        for epoch in trange(self.epoch + 1, self.options.epochs + 1, desc=name, mininterval=5, disable=is_hidden):
            self._run_epoch(epoch)
            self.epoch = epoch
            is_due = time.monotonic() - saved >= interval
            if checkpoint is not None and is_due and processes.is_main():
                checkpoints.save(checkpoint, identity, self._state())
                saved = time.monotonic()

    def last_book(self) -> npt.NDArray[np.float32]:
        """The codewords of the last level, [K, latent_dim]."""
        book: npt.NDArray[np.float32] = self.model.quantizer.book(self.options.n_levels - 1).detach().cpu().numpy()
        return book

    def tokens(self, codes: Codes, last_residuals: npt.NDArray[np.float32] | None, facts: dict[str, Any]) -> Tokens:
        """The result, its collisions repaired where the last residuals r_{L-1} [n_items, latent_dim] are given."""
        if last_residuals is None:
            return Tokens(codes, self.model.arrays(), self.history, facts)
        repaired, of_repair = repair(codes, last_residuals, self.last_book(), self.options.repair)
        return Tokens(repaired, self.model.arrays(), self.history, facts | of_repair, raw_codes=codes)

    @abstractmethod
    def _start(self) -> None:
        """What comes before the first epoch."""

    @abstractmethod
    def _run_epoch(self, epoch: int) -> None:
        """One epoch, and its part of the history."""

    def _generator(self, *numbers: int, where: torch.device | None = None) -> torch.Generator:
        """Random numbers of the seed and of `numbers`: an epoch or step, and what they are for."""
        state = np.random.SeedSequence((self.seed, *numbers)).generate_state(1)
        return torch.Generator(where or "cpu").manual_seed(int(state[0]))

    def _state(self) -> dict[str, Any]:
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            **{name: getattr(self, name) for name in ("epoch", "history", *self.carried)},
        }

    def _restore(self, checkpoint: Path, identity: str) -> bool:
        state = checkpoints.load(checkpoint, identity)
        if state is None:
            return False
        self.model.load_state_dict(state.pop("model"))
        self.optimizer.load_state_dict(state.pop("optimizer"))
        for name, value in state.items():
            setattr(self, name, value)
        log.info("resuming after epoch %d of %d", self.epoch, self.options.epochs)
        return True
