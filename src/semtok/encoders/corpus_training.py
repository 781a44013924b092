"""The training of a small language model on the texts of one dataset's items, over windows of a fixed length."""

import logging
import math
from abc import abstractmethod
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from semtok.config.language_models import CorpusModel
from semtok.optimizers import AdamW
from semtok.run import devices
from semtok.training import Losses, Objective, Progress, generator, seeded_model

log = logging.getLogger(__name__)


class CorpusTraining(Objective):
    """The training of a network on documents, lists of tokens, which are laid end to end and cut into windows."""

    name = "language model"
    resumes_within_epochs = True

    def __init__(self, options: CorpusModel, n_tokens: int, learned: list[list[int]], asked: list[list[int]]) -> None:
        """learned: the documents to learn from; asked: those that tell the best epoch."""
        self.options, self.where, self.n_tokens = options, devices.device(), n_tokens
        self.compute_dtype = devices.compute_dtype(self.where)
        self.remedy = f"lower learning_rate (now {options.learning_rate})"
        self.model = seeded_model(lambda: self.make_network(options, n_tokens), options.seed)
        self.optimizer = AdamW(self.model.parameters(), lr=options.learning_rate, fused=True)
        self.learned = [torch.tensor(document) for document in learned]
        text = torch.cat([torch.tensor(document) for document in asked])
        self.asked = torch.split(text, options.window)
        n_windows = max(1, sum(map(len, learned)) // options.window)
        self.steps_per_epoch = math.ceil(n_windows / options.batch_size)

    @staticmethod
    @abstractmethod
    def make_network(options: CorpusModel, n_tokens: int) -> nn.Module:
        """One with random weights."""

    @abstractmethod
    def losses(self, windows: Tensor, *numbers: int) -> Tensor:
        """-log p of each token of [batch, window] that is to be told: [how many]. What is drawn for it is drawn by
        `numbers`."""

    def start(self) -> None:
        """Dropout draws from here on; a checkpoint holds where it stands."""
        torch.manual_seed(self.options.seed)

    def batches(self, epoch: int) -> Iterator[Tensor]:
        """Windows [batch, window] of the documents in the order of the epoch; what is left of a window is dropped."""
        order = torch.randperm(len(self.learned), generator=generator(self.options.seed, epoch)).tolist()
        text = torch.cat([self.learned[number] for number in order])
        window = min(self.options.window, len(text))
        windows = text[: len(text) // window * window].view(-1, window)
        yield from torch.split(windows, self.options.batch_size)

    def backward(self, batch: Tensor, progress: Progress) -> Losses:
        """The mean loss of a token in nats."""
        loss = self.losses(batch, progress.epoch + 1, progress.epoch_step).mean()
        torch.autograd.backward(loss)
        return Losses({"loss": loss}, weight=batch.numel(), divisor=batch.numel())

    @torch.no_grad()
    def row(self, progress: Progress, losses: dict[str, float]) -> dict[str, Any]:
        """The mean loss of a token, and that of a token of the held-out documents."""
        self.model.eval()
        windows = [window for window in self.asked if len(window) > 1]
        found = torch.cat([self.losses(window[None], 0, number) for number, window in enumerate(windows)])
        row = {"epoch": progress.epoch, "loss": losses["loss"], "held_out_loss": float(found.double().mean())}
        log.info("epoch %(epoch)d: loss %(loss).4f, held out %(held_out_loss).4f", row)
        return row

    def score(self, row: dict[str, Any]) -> tuple[float, ...] | None:
        """The lower the loss of the held-out documents the better."""
        return (-row["held_out_loss"],)
