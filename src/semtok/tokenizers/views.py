"""Several views of the same items, read from disk a batch at a time."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from semtok.errors import DataError
from semtok.tokenizers.vectors import Catalogue, read_catalogue, release

CODED_AT_ONCE = 8192
"""Items looked at together outside of training."""


@dataclass(frozen=True)
class ViewBatch:
    """Some items in all their views.

    Equal vectors of a view stand once, since they have the same latent: 5,135 venues of New York have 294 texts.
    """

    vectors: dict[str, Tensor]
    """By modality, float32 [distinct vectors, dim]."""
    rows: dict[str, Tensor]
    """By modality, the places in the batch of the items that have it, int64 [n], ascending."""
    groups: dict[str, Tensor]
    """By modality, which of the vectors each of those items has, int64 [n]."""
    size: int
    """How many items the batch holds."""


class Scale(NamedTuple):
    """Where the vectors of a view lie."""

    mean: npt.NDArray[np.float32]
    """[dim]."""
    deviation: float
    """Root mean square of the entries of the vectors, less the mean; 1 where all vectors are the same."""


class Views:
    """The vectors of all modalities, memory-mapped; of an item no more than two numbers a view are in memory."""

    def __init__(self, paths: Mapping[str, Path]) -> None:
        """Open the arrays; DataError where their numbers of items differ."""
        # By name, so that the order in the config changes nothing.
        self.catalogues: dict[str, Catalogue] = {name: read_catalogue(paths[name]) for name in sorted(paths)}
        sizes = {str(paths[name]): len(catalogue.vectors) for name, catalogue in self.catalogues.items()}
        if len(set(sizes.values())) > 1:
            raise DataError(f"found {sizes}; expected as many rows in every view")
        self.n_items = next(iter(sizes.values()))
        self.present = {name: np.zeros(self.n_items, dtype=bool) for name in self.catalogues}
        for name, catalogue in self.catalogues.items():
            self.present[name][catalogue.present] = True
        self.keys = {name: row_keys(catalogue) for name, catalogue in self.catalogues.items()}

    def scales(self) -> dict[str, Scale]:
        """The mean and the spread of each view over the items that have it."""
        return {name: _scale(catalogue) for name, catalogue in self.catalogues.items()}

    @cached_property
    def items(self) -> npt.NDArray[np.int64]:
        """The items that have a view at all, ascending."""
        return np.flatnonzero(np.any(list(self.present.values()), axis=0))

    def batch(self, items: npt.NDArray[np.int64], where: torch.device) -> ViewBatch:
        """Gather `items`, in this order."""
        vectors, rows, groups = {}, {}, {}
        for name, catalogue in self.catalogues.items():
            having = np.flatnonzero(self.present[name][items])
            chosen = items[having]
            _, first, group = np.unique(self.keys[name][chosen], return_index=True, return_inverse=True)
            if len(first) == len(chosen):
                first = group = np.arange(len(chosen))
            vectors[name] = torch.from_numpy(catalogue.rows(chosen[first])).to(where)
            rows[name] = torch.from_numpy(having).to(where)
            groups[name] = torch.from_numpy(group).to(where)
        return ViewBatch(vectors, rows, groups, len(items))


def _scale(catalogue: Catalogue) -> Scale:
    total = 0.0
    for start in range(0, len(catalogue.present), CODED_AT_ONCE):
        rows = catalogue.rows(catalogue.present[start : start + CODED_AT_ONCE]) - catalogue.mean
        total += float(np.square(rows, out=rows).sum(dtype=np.float64))
    deviation = math.sqrt(total / (len(catalogue.present) * catalogue.vectors.shape[1]))
    return Scale(catalogue.mean, deviation or 1.0)


def row_keys(catalogue: Catalogue) -> npt.NDArray[np.int64]:
    """A number for each item, [n_items]: the same for the same vector, bit by bit, and in practice for no other."""
    dim = catalogue.vectors.shape[1]
    factors = np.random.default_rng(0).integers(1 << 62, size=dim, dtype=np.int64) * 2 + 1
    keys = np.empty(len(catalogue.vectors), dtype=np.int64)
    for start in range(0, len(keys), CODED_AT_ONCE):
        bits = np.ascontiguousarray(catalogue.vectors[start : start + CODED_AT_ONCE]).view(np.int32)
        # Products wrap around, as is meant: this is a hash over the integers modulo 2^64.
        keys[start : start + CODED_AT_ONCE] = (bits.astype(np.int64) * factors).sum(axis=1)
        release(catalogue.vectors)
    return keys
