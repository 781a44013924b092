"""What recommenders over codes learn from: prefixes of users' train parts, or windows with every target in one pass."""

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from semtok.recommenders.batching import Batches
from semtok.recommenders.code_model import CodeModel
from semtok.recommenders.grouping import groups_by_length
from semtok.recommenders.sequences import Integers, Samples
from semtok.recommenders.t5 import T5
from semtok.recommenders.training import TrainingSamples
from semtok.run import devices


@dataclass(frozen=True)
class Prefixes(TrainingSamples):
    """The item after each prefix of the users' train parts; a prefix is encoded for its one target."""

    model: T5
    batches: Batches
    samples: Samples

    def __len__(self) -> int:
        return len(self.samples)

    def predictions(self, rows: Integers) -> int:
        """One a prefix: the loss of a target is the mean cross-entropy of its tokens."""
        return len(rows)

    def backward(self, rows: Integers, n_predictions: int) -> Tensor:
        """Add the gradient of the summed loss of `rows` / `n_predictions`; returns the sum of the losses [].

        The samples go through the model in groups of similar length, whose gradients add up to that of the whole
        batch: the step does not depend on how they are grouped, and hardly any padding is computed.
        """
        samples, device = self.samples.take(rows), self.batches.device
        dtype = devices.compute_dtype(device)
        total = torch.zeros((), device=device)
        for group in self.batches.by_length(samples, decoder_tokens=self.batches.n_levels + 1):
            part = samples.take(group)
            batch, target = self.batches.source(part), self.batches.target(part.item)  # (B, S), (B, 1 + levels + 1)
            with devices.autocast(device, dtype):
                loss = self.model(batch.source, batch.mask, target) / (target.shape[1] - 1)
            (loss / n_predictions).backward()
            total += loss.detach()
        return total


@dataclass
class EveryTarget(TrainingSamples):
    """Windows of the users' train parts, of at most `max_items` targets; the model reads each once.

    A target sees the items of its window before it. A window that does not reach back to a user's first item begins
    anywhere: where the windows of a user are cut is drawn anew in every epoch, so that a target has a short history in
    one and a long one in another. Every train record with a predecessor is a target once an epoch.

    A sample is a place for a window, as many as a user can need; in an epoch in which a user needs one less, the first
    is empty.
    """

    model: CodeModel
    batches: Batches
    targets: Samples
    """All of them, each user's in order."""
    seed: int
    first_target: Integers = field(init=False)
    """[n_windows + 1]; window w has the targets `first_target[w]` to before `first_target[w + 1]`."""

    def __post_init__(self) -> None:
        is_last = np.append(np.diff(self.targets.user) > 0, True)
        self._user = np.cumsum(is_last) - is_last  # of each target, numbered without gaps
        is_first = np.append(True, is_last[:-1])
        first, last = self.targets.position[is_first], self.targets.position[is_last]
        self._is_cut = last > self.batches.max_items  # a user whose windows do not all begin at the first item
        latest = np.where(self._is_cut, self.batches.max_items - 1, 0)
        self._first_window = (first - 1) // self.batches.max_items
        n_windows = (last - 1 + latest) // self.batches.max_items - self._first_window + 1
        self._windows_before = np.concatenate([[0], np.cumsum(n_windows)])
        self.start(0)

    def start(self, epoch: int) -> None:
        """Draw where each user's windows begin."""
        max_items = self.batches.max_items
        phase = np.random.default_rng([self.seed, epoch, 1]).integers(0, max_items, len(self._is_cut)) * self._is_cut
        number = (self.targets.position - 1 + phase[self._user]) // max_items - self._first_window[self._user]
        window = self._windows_before[self._user] + number  # of each target, ascending
        self.first_target = np.searchsorted(window, np.arange(self._windows_before[-1] + 1))

    def __len__(self) -> int:
        return len(self.first_target) - 1

    def predictions(self, rows: Integers) -> int:
        """One a target: its loss is the mean cross-entropy of its tokens."""
        return int((self.first_target[rows + 1] - self.first_target[rows]).sum())

    def backward(self, rows: Integers, n_predictions: int) -> Tensor:
        """Add the gradient of the summed loss of the targets in `rows` / `n_predictions`; returns the sum [].

        The windows go through the model in groups of similar length, whose gradients add up.
        """
        device, n_levels = self.batches.device, self.batches.n_levels
        dtype = devices.compute_dtype(device)
        total = torch.zeros((), device=device)
        rows = rows[self.first_target[rows + 1] > self.first_target[rows]]
        last = self.targets.take(self.first_target[rows + 1] - 1)
        n_targets = self.first_target[rows + 1] - self.first_target[rows]
        n_tokens = (self.batches.sequences.lengths(last, self.batches.max_items) + n_targets) * n_levels
        for group in groups_by_length(n_tokens, 0, self.batches.capacity):
            target, seen = self._targets(rows[group])
            source = self.batches.source(last.take(group)).source  # (B, S)
            with devices.autocast(device, dtype):
                loss = self.model.every_target(source, target, seen) / n_levels
            (loss / max(n_predictions, 1)).backward()
            total += loss.detach()
        return total

    def _targets(self, windows: Integers) -> tuple[Tensor, Tensor]:
        """Of N targets in each of B windows: their tokens [B, N, 1 + levels], and the source tokens seen [B, N].

        EOS is left out: it follows every whole tuple, so that it teaches nothing.
        """
        first, end = self.first_target[windows, None], self.first_target[windows + 1, None]  # (B, 1)
        row = first + np.arange((end - first).max())  # (B, N)
        is_target, row = row < end, np.minimum(row, end - 1)
        position = self.targets.position[row]
        window_start = np.maximum(self.targets.position[end - 1] - self.batches.max_items, 0)  # (B, 1)
        seen = self.batches.n_before + (position - window_start) * self.batches.n_levels
        target = self.batches.target(self.targets.item[row])[..., :-1]
        return target, torch.from_numpy(np.where(is_target, seen, 0)).to(target.device)
