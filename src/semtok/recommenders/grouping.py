"""Which histories go through a model together."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch

from semtok.recommenders.sequences import Integers


@dataclass(frozen=True)
class Capacity:
    """How many tokens to send through the model together. It changes the speed, not the result."""

    most: int
    """What still fits a processor's cache, or a GPU's memory."""
    pass_cost: int
    """How many tokens could be computed in the time that one more pass costs."""


CAPACITIES = {"cpu": Capacity(5632, 200), "cuda": Capacity(131072, 65536)}


def capacity_of(device: torch.device) -> Capacity:
    """The capacity of a kind of device."""
    return CAPACITIES.get(device.type, CAPACITIES["cpu"])


def groups_by_length(lengths: Integers, extra: int, capacity: Capacity) -> Iterator[Integers]:
    """Split rows into groups of similar length, shortest first.

    A row takes its length, padded to the longest of its group, and `extra`. A group takes at most `capacity.most` (or
    is one row), and its padding at most `capacity.pass_cost`: beyond that, one more pass is cheaper. Ties keep their
    order, so that the groups are a function of `lengths`.
    """
    order = np.argsort(lengths, kind="stable")
    first = total = 0
    for last, length in enumerate(lengths[order]):
        padded = (last - first + 1) * int(length)
        is_full = padded + (last - first + 1) * extra > capacity.most
        is_ragged = padded - (total + int(length)) > capacity.pass_cost
        if last > first and (is_full or is_ragged):
            yield order[first:last]
            first, total = last, 0
        total += int(length)
    if first < len(order):
        yield order[first:]


def pieces(groups: Iterable[Integers], most: int) -> Iterator[Integers]:
    """Cut each group into pieces of at most `most` rows."""
    for group in groups:
        for first in range(0, len(group), most):
            yield group[first : first + most]
