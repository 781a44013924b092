"""The contract of a recommender over plain item ids: a model with a loss and scores over the catalogue.

`train_over_ids` and `decode_over_ids` of `item_ids` do the rest; `sasrec` is an example of a whole module.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from semtok.recommenders.sequences import Histories, Integers


@dataclass(frozen=True)
class WindowBatch:
    """Pieces of users' train parts: what is read, and what is to be predicted at each step."""

    histories: Histories
    """Of [B, T]."""
    following: Integers
    """[B, T], the item after each step; or, where masked steps are to be filled (BERT4Rec), that of the step itself."""
    is_learned: npt.NDArray[np.bool_]
    """[B, T], whether that item is to be predicted."""


class ItemModel(nn.Module, ABC):
    """Histories of items to a score of every item.

    What else is known of the interactions of a history is found by their rows, `records` (`check_ins`: when and where).
    """

    @abstractmethod
    def loss(self, windows: WindowBatch) -> Tensor:
        """The sum of the losses of all learned steps []. Under autocast, so that sums need `.float()`."""

    @abstractmethod
    def scores(self, histories: Histories) -> Tensor:
        """Of every item to come next: [B, n_items]."""

    @property
    def device(self) -> torch.device:
        """Where the weights lie."""
        return next(self.parameters()).device

    def tensor(self, array: npt.NDArray[Any]) -> Tensor:
        """An array, there."""
        return torch.from_numpy(array).to(self.device)


class CausalModel(ItemModel):
    """A model with a state after each step of a history that no later step changes, from which the scores come.

    So all targets of a user whose histories begin alike are ranked from one pass over the longest of them.
    """

    @abstractmethod
    def states(self, histories: Histories) -> Tensor:
        """After each step: [B, T, d]. Padding lies behind the steps that count."""

    @abstractmethod
    def scores_after(self, states: Tensor) -> Tensor:
        """Of every item to come next: states [N, d] to [N, n_items]."""

    def scores(self, histories: Histories) -> Tensor:
        """Of every item to come next: [B, n_items]."""
        states = self.states(histories)  # (B, T, d)
        last = self.tensor(histories.lengths - 1)  # (B,)
        return self.scores_after(states[torch.arange(len(last)), last])

    def loss(self, windows: WindowBatch) -> Tensor:
        """The summed cross-entropy over the catalogue of the N items to predict []; some methods have another."""
        is_learned = self.tensor(windows.is_learned)  # (B, T)
        scores = self.scores_after(self.states(windows.histories)[is_learned])  # (N, n_items)
        return F.cross_entropy(scores.float(), self.tensor(windows.following)[is_learned], reduction="sum")
