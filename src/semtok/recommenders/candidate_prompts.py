"""Candidates as questions to a language model: what a user had, what was shown, and whether it is clicked (STORE,
Figure 7)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from scipy.special import expit
from torch import Tensor

from semtok.encoders.attributes import TokenIds
from semtok.errors import ConfigError
from semtok.recommenders.sequences import Integers
from semtok.run import devices
from semtok.run.progress import progress

WORDINGS = {
    "click": (" The user read:", " Shown next:", " Clicked, yes or no?"),
    "interest": (" History:", " Candidate:", " Of interest, yes or no?"),
    "next": (" In this order:", " Then:", " Right, yes or no?"),
}
"""What stands before the history, before the candidate and behind it: the same question in three wordings, since a
model near chance may turn about with the words."""


@dataclass(frozen=True)
class Prompts:
    """The prompts of candidates, as tokens: as many of the most recent items as there are positions for."""

    start: TokenIds
    """What stands before all."""
    words: Sequence[TokenIds]
    """What stands before the history, before the candidate and behind it."""
    content: Callable[[int], TokenIds]
    """The tokens of an item."""
    max_items: int
    max_tokens: int
    """Of a prompt."""

    def prompt(self, history: Sequence[int], candidate: int) -> TokenIds:
        """Raises ConfigError where the model has no positions for the question and the candidate alone."""
        before, between, behind = self.words
        asked = [*between, *self.content(candidate), *behind]
        left = self.max_tokens - len(self.start) - len(before) - len(asked)
        if left < 0:
            raise ConfigError(
                f"max_tokens: a question takes {len(self.start) + len(before) + len(asked)} tokens; expected at most "
                f"{self.max_tokens}, the positions of the language model less the answer"
            )
        read: TokenIds = []
        for item in reversed(history[-self.max_items :]):
            text = self.content(item)
            if len(text) > left - len(read):
                break
            read = [*text, *read]
        return [*self.start, *before, *read, *asked]


@dataclass(frozen=True)
class Questions:
    """A question for each of n candidates."""

    candidates: pd.DataFrame
    """`user`, `item`, `clicked`, numbered from 0."""
    histories: Mapping[int, Sequence[int]]
    """By user, all that it had; it ended before the candidates were shown."""
    prompts: Prompts

    @classmethod
    def of_split(
        cls, candidates: pd.DataFrame, split: str, interactions: pd.DataFrame, prompts: Prompts
    ) -> "Questions":
        """Those of the users of a split, for candidates that are in the catalogue, in their order."""
        known = candidates[(candidates["split"] == split) & candidates["item"].notna()]
        asked = known[["user", "item", "clicked"]].astype({"user": "int32", "item": "int32"}).reset_index(drop=True)
        had = interactions[interactions["user"].isin(asked["user"])]
        histories = {int(str(user)): items.tolist() for user, items in had.groupby("user")["item"]}
        return cls(asked, histories, prompts)

    def __len__(self) -> int:
        return len(self.candidates)

    def of(self, rows: Integers) -> list[TokenIds]:
        """The prompts of these candidates."""
        asked = zip(self._users[rows].tolist(), self._items[rows].tolist(), strict=True)
        return [self.prompts.prompt(self.histories.get(user, ()), item) for user, item in asked]

    @cached_property
    def lengths(self) -> Integers:
        """Tokens of each prompt [n]. Prompts are made when they are read, since all of them may be too many to hold."""
        return np.array([len(self.of(np.array([row]))[0]) for row in range(len(self))], dtype=np.int64)

    @cached_property
    def _users(self) -> Integers:
        return self.candidates["user"].to_numpy(np.int64)

    @cached_property
    def _items(self) -> Integers:
        return self.candidates["item"].to_numpy(np.int64)

    @property
    def clicked(self) -> npt.NDArray[np.bool_]:
        """[n]"""
        return self.candidates["clicked"].to_numpy(bool)

    @torch.no_grad()
    def answers(self, ask: Callable[[list[TokenIds]], Tensor], batch_size: int) -> npt.NDArray[np.float64]:
        """What `ask` says to each question, [n]: it takes prompts and gives a number for each, [B]. Questions of one
        length go together, so that little is padding."""
        where = devices.device()
        found = np.empty(len(self), dtype=np.float64)
        order = np.argsort(self.lengths, kind="stable")
        for first in progress("batches of candidates", range(0, len(order), batch_size)):
            batch = order[first : first + batch_size]
            with devices.autocast(where, devices.compute_dtype(where)):
                found[batch] = ask(self.of(batch)).double().cpu().numpy()
        return found


def probability(margins: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Of yes where yes and no are all there is: a softmax over two logits, which differ by `margins` [n]."""
    found: npt.NDArray[np.float64] = expit(margins)
    return found
